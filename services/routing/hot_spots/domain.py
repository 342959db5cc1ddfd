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

from shared.masking.pieces import PieceRuns

_RARE: Final = 12
"""Other demands are looked up by so many pieces of a text, the rarest ones."""
_USUAL: Final = 2000
"""A piece by which more than so many demands are found is too common to look demands up by it."""
_OF_A_PIECE: Final = 60
"""At most so many of the latest demands with a piece are compared, so that a burst of equal texts costs no more than a
quiet day."""
_FEWEST: Final = 500
"""With fewer demands than this, rarity is computed as if there were so many, because shares of a few demands say
little."""
_JOINING: Final = 0.2
"""A demand joins a hot spot if it is like at least this share of its latest demands."""
_LATEST: Final = 20
"""A demand is compared with at most so many of a hot spot's latest demands."""
_GROUP: Final = 30
"""At most so many of the latest demands outside of hot spots are tried as a new hot spot."""

_LATER_THAN_ANY: Final = datetime.max.replace(tzinfo=UTC)
_EARLIER_THAN_ANY: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a hot spot: at least so many demands within a span, each so much like others (0 to 1)."""

    least: int
    span: timedelta
    likeness: float


class Raised(NamedTuple):
    """A demand as it was raised. `within` holds its division and all divisions above it, `subject` its category and all
    categories above it."""

    id: UUID
    number: str
    within: Sequence[str]
    subject: Sequence[str]
    at: datetime
    wording: PieceRuns
    pieces: frozenset[str]


@dataclass(slots=True)
class HotSpot:
    """Demands about one matter, in the order in which they came; its `id` is the id of its first demand."""

    id: UUID
    demands: list[Raised] = field(default_factory=list)
    announced: int = 0
    """The number of its demands when it was last announced."""
    stored: int = 0
    """How many of its demands are stored as members in the database."""
    first_at: datetime = _LATER_THAN_ANY
    last_at: datetime = _EARLIER_THAN_ANY
    _places: Sequence[str] = ()
    _subjects: Sequence[str] = ()
    _occurrences: "Counter[str]" = field(default_factory=Counter)

    def add(self, demand: Raised) -> None:
        """Add a demand. What all demands have in common is updated, so the cost does not grow with the hot spot."""
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
    """Keeps the demands of the span, indexed by the pieces of their texts. Each demand is added once, in the order in
    which they come."""

    bounds: Bounds
    raised: dict[UUID, Raised] = field(default_factory=dict)
    hot_spots: dict[UUID, HotSpot] = field(default_factory=dict)
    hot_spot_of: dict[UUID, UUID] = field(default_factory=dict)
    _weights: dict[str, float] = field(default_factory=dict)
    _totals: dict[UUID, float] = field(default_factory=dict)
    _within: "Counter[UUID]" = field(default_factory=Counter)
    _occurrences: "Counter[str]" = field(default_factory=Counter)
    _having: dict[str, dict[UUID, None]] = field(default_factory=lambda: defaultdict(dict))
    """By each piece the demands in which it occurs: those outside of hot spots, and the latest of each hot spot."""

    def remember(self, compared: Iterable[tuple[Raised, UUID | None, int]]) -> None:
        """Restore earlier demands, their hot spots, and at which sizes these were announced. The demands must be in
        order."""
        for demand, spot, announced in compared:
            self._keep(demand)
            if spot:
                hot_spot = self.hot_spots.setdefault(spot, HotSpot(spot, announced=announced))
                self._put(hot_spot, demand)
                hot_spot.stored += 1

    def add(self, demand: Raised) -> HotSpot | None:
        """Add a demand; returns the hot spot that it creates or joins, None if there is none."""
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
        """Remove demands that are older than the span, and hot spots that no demand joined within it."""
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
        """Remove a demand from the index, so that no demand is compared with it any more."""
        for piece in demand.pieces:
            having = self._having[piece]
            having.pop(demand.id, None)
            if not having:
                del self._having[piece]
                if not self._occurrences[piece]:
                    del self._occurrences[piece]

    def _like(self, demand: Raised) -> list[Raised]:
        """The earlier demands that are like this one."""
        numbers = {piece: len(self._having.get(piece, ())) for piece in demand.pieces}
        usable = [piece for piece, number in numbers.items() if 0 < number <= _USUAL]
        rarest = sorted(usable, key=numbers.__getitem__)[:_RARE]
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
        """Whether the texts are alike: Dice's coefficient, in which rare pieces count more than common ones."""
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
        """The hot spot of demands of which each is like at least half of the others; None if there are too few."""
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


def must_announce(size: int, announced: int) -> bool:
    """Whether a hot spot is announced: when it is found, and each time that its size has doubled since."""
    return size >= 2 * announced if announced else True
