"""Computes how rare a pair of characters is: a rare pair says more about a text and is cheaper to look up."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, combinations
from typing import Final

from shared.masking.pieces import PieceRuns

BUDGET: Final = 1000
"""The rarest pieces of a text may find at most so many open demands; more cost time and add little."""
_COMBINED: Final = 3
_APART: Final = 4
"""Two pieces that are looked up together have at least so many pieces between them: more than most names have."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to look up: demands with any of some rare pieces, or with both of two less rare ones."""

    any_of: tuple[str, ...]
    both_of: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rarity:
    """The shares of open demands with each piece, by PostgreSQL's ANALYZE; a piece that is not listed is rare."""

    open_rows: float
    bigrams: Mapping[str, float]

    def weight(self, bigram: str) -> float:
        """The weight of a piece that two texts share (inverse document frequency)."""
        return self._weights.get(bigram, self._greatest)

    def search(self, wording: PieceRuns) -> Search:
        """The search for a text: its rarest pieces alone, as many as the budget allows; then pairs of less rare
        ones."""
        places = wording.places
        rarest = sorted(places, key=lambda pair: (self._share(pair), pair))
        rows = accumulate(self.open_rows * self._share(bigram) for bigram in rarest)
        within_budget = sum(reached <= BUDGET for reached in rows)
        return Search(tuple(rarest[:within_budget]), tuple(combinations(_apart(rarest[within_budget:], places), 2)))

    def _share(self, bigram: str) -> float:
        return self.bigrams.get(bigram, self._least)

    @cached_property
    def _weights(self) -> Mapping[str, float]:
        return {bigram: _weight(share) for bigram, share in self.bigrams.items()}

    @cached_property
    def _greatest(self) -> float:
        return _weight(self._least)

    @cached_property
    def _least(self) -> float:
        """The share of pieces that are not listed: half of the rarest listed share, or of one row if none is listed."""
        return min(self.bigrams.values(), default=2 / max(self.open_rows, 2)) / 2


def _weight(share: float) -> float:
    return math.log1p(1 / share)


UNKNOWN: Final = Rarity(0, {})


def _apart(bigrams: Iterable[str], places: Mapping[str, int]) -> list[str]:
    """The first few pieces from different parts of the text: pieces of one name always occur together and narrow
    nothing."""
    chosen: list[str] = []
    for bigram in bigrams:
        if len(chosen) < _COMBINED and all(abs(places[bigram] - places[other]) >= _APART for other in chosen):
            chosen.append(bigram)
    return chosen
