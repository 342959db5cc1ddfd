"""Excerpts: the parts of a text that may hold numbers, so that the many rules for numbers read less text.

A rule for numbers reads at most `_REACH` characters before and after the digits. So it finds the same matches in these
parts, each with its surroundings, as in the whole text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from shared.masking.shadow import Span, count

Table = list[int | None]

_REACH: Final = 20
_APART: Final = "字"
"""The separator of two parts: not a digit and not a punctuation mark, so that no match spans two parts."""


class Excerpt:
    """The surroundings of all matches of `runs` in a shadow; `text` is what the rules read, translated by `table`."""

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
        """Convert spans of the excerpt's text to spans of the shadow."""
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
