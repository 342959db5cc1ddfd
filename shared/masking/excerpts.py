"""The parts of a text in which numbers may stand: most of a text has none, and the rules for numbers are many.

A rule for numbers reads a few signs before and behind the digits, never more than `_REACH`. So it finds in these parts,
each with its surroundings, what it finds in the whole text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from shared.masking.shadow import Span, count

Table = list[int | None]

_REACH: Final = 20
_APART: Final = "字"
"""Between two parts: neither a digit nor a sign, so that no number goes from one part into the next."""


class Excerpt:
    """The surroundings of every match of `runs` in a shadow; `text` is what the rules read, each sign by `table`."""

    def __init__(self, shadow: str, runs: re.Pattern[str], table: Table | None) -> None:
        self._starts: list[int] = []
        self._shifts: list[int] = []
        parts: list[str] = []
        size = 0
        for first, last in _windows(shadow, runs):
            self._starts.append(size)
            self._shifts.append(first - size)
            parts.append(shadow[first:last])
            size += last - first + len(_APART)
        text = _APART.join(parts)
        self.text = text.translate(table) if table else text
        self.digits = count(self.text)[0]

    def back(self, spans: Iterable[Span]) -> Iterator[Span]:
        """The spans of the text as spans of the shadow."""
        for start, end, label in spans:
            shift = self._shifts[bisect_right(self._starts, start) - 1]
            yield start + shift, end + shift, label


def _windows(shadow: str, runs: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    first = last = 0
    for match in runs.finditer(shadow):
        start, end = match.span()
        if start - _REACH > last:
            if last:
                yield first, last
            first = start - _REACH
        last = end + _REACH
    if last:
        yield first, min(last, len(shadow))
