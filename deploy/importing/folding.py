"""Texts that people take for the same: in another case or width, with other blanks, or guarded against Excel."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

V = TypeVar("V")
_GUARDED: Final = re.compile(r"'([A-Za-z]{0,8}[\d\-/:. ]*\d[\d\-/:. ]*)|=\"([^\"]*)\"")
"""`'20210301…` and `="20210301…"`, by which exports keep Excel from rounding a number; not `'90s`, which is a word."""


def folded(text: str) -> str:
    """The same for texts that differ in case, in the width of characters, or in blanks and line breaks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def unguarded(cell: str) -> str:
    """The cell without what an export put around it only for Excel."""
    if cell[:1] in ("'", "=") and (guarded := _GUARDED.fullmatch(cell)):
        return (guarded[1] or guarded[2] or "").strip()
    return cell


def by_folded(table: Mapping[str, V]) -> dict[str, V]:
    """The values of a table by the folded names; a name that stands for two values is left out."""
    values: dict[str, V] = {}
    twice = set[str]()
    for name, value in table.items():
        key = folded(name)
        if key in values and values[key] != value:
            twice.add(key)
        values[key] = value
    return {key: value for key, value in values.items() if key not in twice}


def looked_up(table: Mapping[str, V], by_key: Mapping[str, V], written: str) -> V | None:
    """The value of what was written, exactly or folded."""
    return table[written] if written in table else by_key.get(folded(written))


def recognised(cells: Iterable[str], names_to_find: Iterable[str]) -> list[str]:
    """The names in a header: those that are wanted as they are wanted, others with single blanks."""
    plain = [" ".join(cell.split()) for cell in cells]
    open_names = {folded(name): name for name in names_to_find if name not in plain}
    return [open_names.get(folded(name), name) for name in plain]
