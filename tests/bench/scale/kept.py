"""Figures of runs before: what is known is not measured again."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

F = TypeVar("F")


class Kept:
    """A file of figures by what was measured."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        """`say` is told what is measured now."""
        self._path, self._say = path, say
        self._figures: dict[str, Any] = orjson.loads(path.read_bytes()) if path.exists() else {}

    async def of(self, kind: type[F], what: Sequence[object], measure: Callable[[], Awaitable[F]]) -> F:
        """The figure of this; it is measured and written down where it is not known."""
        name, form = " ".join(map(str, what)), TypeAdapter(kind)
        if name not in self._figures:
            self._say(name)
            self._figures[name] = form.dump_python(await measure(), mode="json")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(orjson.dumps(self._figures, option=orjson.OPT_INDENT_2))
        return form.validate_python(self._figures[name])
