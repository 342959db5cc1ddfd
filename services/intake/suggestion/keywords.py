"""Suggests categories by the keywords of a pack."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.intake.suggestion.ranking import NOTHING, Ranking, Source, Suggestion
from shared.jurisdiction.parts import Category

IN_TITLE: Final = 3.0
"""A keyword in the title counts as three in the text."""
DOUBT: Final = 1.0
"""The points of "none of these", so that a single keyword in the text is not enough."""
SURE: Final = 0.8
"""The probability from which a suggestion is sure. Measured with `python -m tests.bench.suggestion`: from here on nine
of ten are right."""


@dataclass(frozen=True)
class Keywords:
    """All keywords as one pattern; a longer keyword wins over those within it."""

    owners: Mapping[str, str]
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, categories: Iterable[Category]) -> "Keywords":
        """The keywords of these categories; the loader checks that each belongs to one category."""
        owners = {_folded(word): category.code for category in categories for word in category.keywords}
        longest_first = sorted(owners, key=len, reverse=True)
        return cls(owners, re.compile("|".join(map(_bounded, longest_first)) or r"(?!)"))

    def rank(self, title: str, text: str) -> Ranking:
        """Rank the categories; each keyword counts once, and more if the title has it."""
        points = dict.fromkeys(self._found(text), 1.0) | dict.fromkeys(self._found(title), IN_TITLE)
        if not points:
            return NOTHING
        total = sum(points.values()) + DOUBT
        words: dict[str, list[str]] = {}
        for word in points:
            words.setdefault(self.owners[word], []).append(word)
        ranked = [
            Suggestion(category, sum(points[word] for word in matches) / total, Source.KEYWORDS, tuple(matches))
            for category, matches in words.items()
        ]
        ranked.sort(key=lambda suggestion: -suggestion.probability)
        return Ranking(tuple(ranked), sure=ranked[0].probability >= SURE)

    def _found(self, text: str) -> list[str]:
        return self.pattern.findall(_folded(text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _bounded(word: str) -> str:
    """The pattern of a keyword. One in Latin letters must be a whole word: "tent" is not in "content"."""
    before = r"(?<![a-z])" if word[0].isascii() and word[0].isalpha() else ""
    after = r"(?![a-z])" if word[-1].isascii() and word[-1].isalpha() else ""
    return before + re.escape(word) + after
