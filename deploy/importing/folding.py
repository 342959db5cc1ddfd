"""Compares texts that people consider equal: with another case or width, other blanks, or guards against Excel."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

V = TypeVar("V")
_GUARDED: Final = re.compile(r"'([A-Za-z]{0,8}[\d\-/:. ]*\d[\d\-/:. ]*)|=\"([^\"]*)\"")
"""`'20210301…` and `="20210301…"`, with which exports prevent Excel from rounding a number; not a word like `'90s`."""


def folded(text: str) -> str:
    """A key that is equal for texts that differ only in case, width of characters, blanks and line breaks."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def unguarded(cell: str) -> str:
    """The cell without the guard characters that an export added for Excel."""
    if cell[:1] in ("'", "=") and (guarded := _GUARDED.fullmatch(cell)):
        return (guarded[1] or guarded[2] or "").strip()
    return cell


def by_folded(table: Mapping[str, V]) -> dict[str, V]:
    """The values of a table by the folded names; an ambiguous name is left out."""
    values: dict[str, V] = {}
    ambiguous = set[str]()
    for name, value in table.items():
        key = folded(name)
        if key in values and values[key] != value:
            ambiguous.add(key)
        values[key] = value
    return {key: value for key, value in values.items() if key not in ambiguous}


def looked_up(table: Mapping[str, V], by_key: Mapping[str, V], text: str) -> V | None:
    """The value for a text, by exact or by folded comparison; None if there is none."""
    return table[text] if text in table else by_key.get(folded(text))


def recognised(cells: Iterable[str], names_to_find: Iterable[str]) -> list[str]:
    """The names in a header: those in `names_to_find` in their spelling, others with single blanks."""
    plain = [" ".join(cell.split()) for cell in cells]
    open_names = {folded(name): name for name in names_to_find if name not in plain}
    return [open_names.get(folded(name), name) for name in plain]
