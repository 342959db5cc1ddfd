"""Decides which demands are about one matter: likeness of words within a place, a subject and a span of time; pure.

A demand is compared with those that came before it within the span, in the same part of the jurisdiction (a town with
its villages) and about the same main category, or none. Enough demands of which each is like most of the others are a
hot spot; a later one joins it when it is like enough of them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, NamedTuple
from uuid import UUID

from shared.masking.pieces import Wording

_RARE: Final = 12
"""Pieces of a text by which others are looked up, the rarest first."""
_USUAL: Final = 2000
"""Demands that are found by a piece from which on nothing is looked up by it."""
_OF_A_PIECE: Final = 60
"""The latest demands with a piece that are compared: a burst of equal texts costs no more for each than a quiet day."""
_FEWEST: Final = 500
"""Demands below which shares of pieces say little: rarity is reckoned as if there were so many."""
_JOINING: Final = 0.2
"""The share of a hot spot's latest demands that another one must be like to join."""
_LATEST: Final = 20
"""So many demands of a hot spot stand for it; earlier ones are not compared any more."""
_GROUP: Final = 30
"""The latest demands outside of hot spots that are tried as a new one."""


_LATER_THAN_ANY: Final = datetime.max.replace(tzinfo=UTC)
_EARLIER_THAN_ANY: Final = datetime.min.replace(tzinfo=UTC)


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
    demands: list[Raised] = field(default_factory=list)
    told: int = 0
    """How many there were when that was told last."""
    stored: int = 0
    """How many of them the database knows as its own."""
    first_at: datetime = _LATER_THAN_ANY
    last_at: datetime = _EARLIER_THAN_ANY
    _places: Sequence[str] = ()
    _subjects: Sequence[str] = ()
    _occurrences: "Counter[str]" = field(default_factory=Counter)

    def add(self, demand: Raised) -> None:
        """One more; what all have in common is kept, so that the cost does not grow with the hot spot."""
        is_first = not self.demands
        self.demands.append(demand)
        self.first_at, self.last_at = min(self.first_at, demand.at), max(self.last_at, demand.at)
        self._places = demand.within if is_first else [code for code in self._places if code in demand.within]
        self._subjects = demand.subject if is_first else [code for code in self._subjects if code in demand.subject]
        self._occurrences.update(demand.pieces)

    @property
    def division(self) -> str:
        """The smallest division that contains all of them."""
        return self._places[0] if self._places else self.demands[0].within[-1]

    @property
    def category(self) -> str | None:
        """The narrowest category that contains all of them; None where one of them has none."""
        return self._subjects[0] if self._subjects else None

    @property
    def phrases(self) -> list[str]:
        """What most of them say, the longest phrase first."""
        latest = self.demands[-1]
        usual = {piece for piece in latest.pieces if 2 * self._occurrences[piece] > len(self.demands)}
        phrases = dict.fromkeys(phrase for phrase in latest.wording.shared(usual) if len(phrase) > 1)
        return sorted(phrases, key=len, reverse=True)[:5]


@dataclass(slots=True)
class Detector:
    """Remembers the demands of the span, by their pieces; takes each demand once, in the order in which they come."""

    bounds: Bounds
    raised: dict[UUID, Raised] = field(default_factory=dict)
    hot_spots: dict[UUID, HotSpot] = field(default_factory=dict)
    hot_spot_of: dict[UUID, UUID] = field(default_factory=dict)
    _weights: dict[str, float] = field(default_factory=dict)
    _totals: dict[UUID, float] = field(default_factory=dict)
    _within: "Counter[UUID]" = field(default_factory=Counter)
    _occurrences: "Counter[str]" = field(default_factory=Counter)
    _having: dict[str, dict[UUID, None]] = field(default_factory=lambda: defaultdict(dict))
    """By a piece, the demands that are found by it: those outside of hot spots, and the latest of each."""

    def remember(self, known: Iterable[tuple[Raised, UUID | None, int]]) -> None:
        """What was found before this detector began: demands in order, their hot spots, and how many were told."""
        for demand, spot, announced in known:
            self._keep(demand)
            if spot:
                kept = self.hot_spots.setdefault(spot, HotSpot(spot, told=announced))
                self._put(kept, demand)
                kept.stored += 1

    def add(self, demand: Raised) -> HotSpot | None:
        """Take a demand; the hot spot that it makes or joins, if any."""
        self._forget(demand.at - self.bounds.span)
        self._weights.clear()
        self._totals.clear()
        like = self._like(demand)
        self._keep(demand)
        return self._joined(demand, like) or self._made(demand, like)

    def _keep(self, demand: Raised) -> None:
        self.raised[demand.id] = demand
        self._occurrences.update(demand.pieces)
        for piece in demand.pieces:
            self._having[piece][demand.id] = None

    def _forget(self, before: datetime) -> None:
        """Those that are out of the span; a hot spot that nothing joined within it is over."""
        while self.raised:
            id, demand = next(iter(self.raised.items()))
            if demand.at >= before:
                return
            del self.raised[id]
            self._occurrences.subtract(demand.pieces)
            self._hide(demand)
            spot = self.hot_spot_of.pop(id, None)
            if spot:
                self._within[spot] -= 1
                if not self._within[spot]:
                    del self.hot_spots[spot], self._within[spot]

    def _hide(self, demand: Raised) -> None:
        """Nothing is compared with it any more."""
        for piece in demand.pieces:
            having = self._having[piece]
            having.pop(demand.id, None)
            if not having:
                del self._having[piece]
                if not self._occurrences[piece]:
                    del self._occurrences[piece]

    def _like(self, demand: Raised) -> list[Raised]:
        """Those before it that it is like."""
        numbers = {piece: len(self._having.get(piece, ())) for piece in demand.pieces}
        known = [piece for piece, number in numbers.items() if 0 < number <= _USUAL]
        rarest = sorted(known, key=numbers.__getitem__)[:_RARE]
        candidates = {
            id: self.raised[id] for piece in rarest for id in islice(reversed(self._having[piece]), _OF_A_PIECE)
        }
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

    def _is_like(self, demand: Raised, other: Raised) -> bool:
        """Dice's coefficient, in which a rare piece counts for more than a usual one."""
        both = sum(map(self._weight, demand.pieces & other.pieces))
        if not both:
            return False
        return 2 * both / (self._total(demand) + self._total(other)) >= self.bounds.likeness

    def _total(self, demand: Raised) -> float:
        total = self._totals.get(demand.id)
        if total is None:
            total = self._totals[demand.id] = sum(map(self._weight, demand.pieces))
        return total

    def _weight(self, piece: str) -> float:
        weight = self._weights.get(piece)
        if weight is None:
            weight = math.log1p(max(len(self.raised), _FEWEST) / (1 + self._occurrences[piece]))
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
        others = sorted((other for other in like if other.id not in self.hot_spot_of), key=lambda other: other.at)
        group = [demand, *others[-_GROUP:]]
        while len(group) >= self.bounds.least:
            alike = {
                a.id: sum(self._is_like(a, b) for b in group if b is not a and self._comparable(a, b)) for a in group
            }
            loosest = min(group, key=lambda member: alike[member.id])
            if 2 * alike[loosest.id] >= len(group) - 1:
                group.sort(key=lambda member: (member.at, member.id))
                spot = self.hot_spots[group[0].id] = HotSpot(group[0].id)
                for member in group:
                    self._put(spot, member)
                return spot
            group.remove(loosest)
        return None

    def _put(self, spot: HotSpot, demand: Raised) -> None:
        self.hot_spot_of[demand.id] = spot.id
        self._within[spot.id] += 1
        spot.add(demand)
        if len(spot.demands) > _LATEST:
            self._hide(spot.demands[-_LATEST - 1])


def is_news(size: int, announced: int) -> bool:
    """Whether a hot spot is told: when it is found, and each time that it has doubled since."""
    return size >= 2 * announced if announced else True
