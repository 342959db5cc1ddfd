"""Stores figures of earlier runs, so that they are not measured again."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

F = TypeVar("F")


class Kept:
    """A file of figures by measurement."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """`say` gets the name of the present measurement."""
        self._path, self._say = path, say
        self._figures: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}

    async def of(self, kind: type[F], what: Sequence[object], measure: Callable[[], Awaitable[F]]) -> F:
        """The stored figure; it is measured and stored if it is unknown."""
        name, form = " ".join(map(str, what)), TypeAdapter(kind)
        if name not in self._figures:
            self._say(name)
            self._figures[name] = form.dump_python(await measure(), mode="json")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(orjson.dumps(self._figures, option=orjson.OPT_INDENT_2))
        return form.validate_python(self._figures[name])
