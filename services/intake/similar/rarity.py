"""How rare a pair of characters is, which says both how much it tells and how cheaply it is looked up."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

BUDGET: Final = 400
"""Rows that the rarest pairs of a text may bring together; more cost time and add little."""
TOO_COMMON: Final = 5000
"""Rows above which a single pair is not worth looking up."""


@dataclass(frozen=True)
class Rarity:
    """Shares of the open demands, as PostgreSQL's ANALYZE last estimated them; what it does not name is rare."""

    open_rows: float
    bigrams: Mapping[str, float]
    places: Mapping[str, float]

    def weight(self, bigram: str) -> float:
        """How much it tells that two texts share this pair (inverse document frequency)."""
        return self._weights.get(bigram, self._greatest)

    def rarest(self, bigrams: Iterable[str], scope: str) -> list[str]:
        """The rarest first, as many as the budget allows within `scope`; none where all are too common."""
        here = self.open_rows * self.places.get(scope, 1.0)
        chosen: list[str] = []
        rows = 0.0
        for bigram in sorted(bigrams, key=lambda one: (self._share(one), one)):
            rows += here * self._share(bigram)
            if rows > (BUDGET if chosen else TOO_COMMON):
                break
            chosen.append(bigram)
        return chosen

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
        """Half the share of the rarest pair that is named, and one row where none is."""
        return min(self.bigrams.values(), default=2 / max(self.open_rows, 2)) / 2


def _weight(share: float) -> float:
    return math.log1p(1 / share)


UNKNOWN: Final = Rarity(0, {}, {})
