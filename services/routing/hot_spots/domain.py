"""Decides which demands are about one matter: likeness of words within a place, a subject and a span of time; pure.

A demand is compared with those that came before it within the span, in the same part of the jurisdiction (a town with
its villages) and about the same main category, or none. Enough demands of which each is like most of the others are a
hot spot; a later one joins it when it is like enough of them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from shared.masking.pieces import Wording

_RARE: Final = 12
"""Pieces of a text by which others are looked up, the rarest first."""
_USUAL: Final = 2000
"""Demands that have a piece from which on nothing is looked up by it."""
_FEWEST: Final = 500
"""Demands below which shares of pieces say little: rarity is reckoned as if there were so many."""
_JOINING: Final = 0.2
"""The share of a hot spot's latest demands that another one must be like to join."""
_LATEST: Final = 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """What makes a hot spot: at least so many demands within a span, each so much like others (0 to 1)."""

    least: int
    span: timedelta
    likeness: float


class Raised(NamedTuple):
    """A demand as it was raised. `within`: its division and all above; `subject`: its category and all above."""

    id: UUID
    number: str
    within: Sequence[str]
    subject: Sequence[str]
    at: datetime
    wording: Wording
    pieces: frozenset[str]


@dataclass(slots=True)
class HotSpot:
    """Demands about one matter, in the order in which they came; `id` is that of its first demand."""

    id: UUID
    demands: list[Raised]
    told: int = 0
    """How many there were when that was told last."""

    @property
    def division(self) -> str:
        """The smallest division that contains all of them."""
        first, *others = (demand.within for demand in self.demands)
        return next((code for code in first if all(code in other for other in others)), first[-1])

    @property
    def category(self) -> str | None:
        """The narrowest category that contains all of them; None where one of them has none."""
        first, *others = (demand.subject for demand in self.demands)
        return next((code for code in first if all(code in other for other in others)), None)

    @property
    def phrases(self) -> list[str]:
        """What most of them say, the longest phrase first."""
        occurrences = Counter(piece for demand in self.demands for piece in demand.pieces)
        usual = {piece for piece, times in occurrences.items() if 2 * times > len(self.demands)}
        phrases = dict.fromkeys(phrase for phrase in self.demands[-1].wording.shared(usual) if len(phrase) > 1)
        return sorted(phrases, key=len, reverse=True)[:5]


@dataclass(slots=True)
class Detector:
    """Remembers the demands of the span, by their pieces; takes each demand once, in the order in which they come."""

    bounds: Bounds
    raised: dict[UUID, Raised] = field(default_factory=dict)
    hot_spots: dict[UUID, HotSpot] = field(default_factory=dict)
    hot_spot_of: dict[UUID, UUID] = field(default_factory=dict)
    _weights: dict[str, float] = field(default_factory=dict)
    _within: "Counter[UUID]" = field(default_factory=Counter)
    _having: dict[str, dict[UUID, None]] = field(default_factory=lambda: defaultdict(dict))

    def remember(self, known: Iterable[tuple[Raised, UUID | None, int]]) -> None:
        """What was found before this detector began: demands in order, their hot spots, and how many were told."""
        for demand, spot, announced in known:
            self._keep(demand)
            if spot:
                self._put(self.hot_spots.setdefault(spot, HotSpot(spot, [], announced)), demand)

    def add(self, demand: Raised) -> HotSpot | None:
        """Take a demand; the hot spot that it makes or joins, if any."""
        self._forget(demand.at - self.bounds.span)
        self._weights.clear()
        like = self._like(demand)
        self._keep(demand)
        return self._joined(demand, like) or self._made(demand, like)

    def _keep(self, demand: Raised) -> None:
        self.raised[demand.id] = demand
        for piece in demand.pieces:
            self._having[piece][demand.id] = None

    def _forget(self, before: datetime) -> None:
        """Those that are out of the span; a hot spot that nothing joined within it is over."""
        for id, demand in list(self.raised.items()):
            if demand.at >= before:
                return
            del self.raised[id]
            for piece in demand.pieces:
                del self._having[piece][id]
            spot = self.hot_spot_of.pop(id, None)
            if spot:
                self._within[spot] -= 1
                if not self._within[spot]:
                    del self.hot_spots[spot], self._within[spot]

    def _like(self, demand: Raised) -> list[Raised]:
        """Those before it that it is like."""
        known = [piece for piece in demand.pieces if 0 < len(self._having.get(piece, ())) <= _USUAL]
        rarest = sorted(known, key=lambda piece: len(self._having[piece]))[:_RARE]
        candidates = {id: self.raised[id] for piece in rarest for id in self._having[piece]}
        return [
            other for other in candidates.values() if self._comparable(demand, other) and self._is_like(demand, other)
        ]

    def _comparable(self, demand: Raised, other: Raised) -> bool:
        """Whether both lie in one part of the jurisdiction and within the span, and are about one main category as far
        as that is known."""
        if demand.within[-2:-1] and other.within[-2:-1] and demand.within[-2] != other.within[-2]:
            return False
        if abs(demand.at - other.at) > self.bounds.span:
            return False
        return not (demand.subject and other.subject) or demand.subject[-1] == other.subject[-1]

    def _likes(self, demand: Raised, group: Sequence[Raised]) -> int:
        """How many others of a group it is like."""
        others = (other for other in group if other is not demand)
        return sum(self._comparable(demand, other) and self._is_like(demand, other) for other in others)

    def _is_like(self, demand: Raised, other: Raised) -> bool:
        """Dice's coefficient, in which a rare piece counts for more than a usual one."""
        both = sum(map(self._weight, demand.pieces & other.pieces))
        if not both:
            return False
        all_pieces = sum(map(self._weight, demand.pieces)) + sum(map(self._weight, other.pieces))
        return 2 * both / all_pieces >= self.bounds.likeness

    def _weight(self, piece: str) -> float:
        weight = self._weights.get(piece)
        if weight is None:
            weight = math.log1p(max(len(self.raised), _FEWEST) / (1 + len(self._having.get(piece, ()))))
            self._weights[piece] = weight
        return weight

    def _joined(self, demand: Raised, like: Sequence[Raised]) -> HotSpot | None:
        votes = Counter(self.hot_spot_of[other.id] for other in like if other.id in self.hot_spot_of)
        for id, count in votes.most_common():
            spot = self.hot_spots[id]
            if count >= max(2, _JOINING * min(len(spot.demands), _LATEST)):
                self._put(spot, demand)
                return spot
        return None

    def _made(self, demand: Raised, like: Sequence[Raised]) -> HotSpot | None:
        """A hot spot of demands that each are like at least half of the others."""
        group = [demand, *(other for other in like if other.id not in self.hot_spot_of)]
        while len(group) >= self.bounds.least:
            alike = {
                a.id: sum(self._is_like(a, b) for b in group if b is not a and self._comparable(a, b)) for a in group
            }
            loosest = min(group, key=lambda member: alike[member.id])
            if 2 * alike[loosest.id] >= len(group) - 1:
                group.sort(key=lambda member: (member.at, member.id))
                spot = self.hot_spots[group[0].id] = HotSpot(group[0].id, [])
                for member in group:
                    self._put(spot, member)
                return spot
            group.remove(loosest)
        return None

    def _put(self, spot: HotSpot, demand: Raised) -> None:
        self.hot_spot_of[demand.id] = spot.id
        self._within[spot.id] += 1
        spot.demands.append(demand)


def is_news(size: int, announced: int) -> bool:
    """Whether a hot spot is told: when it is found, and each time that it has doubled since."""
    return size >= 2 * announced if announced else True
