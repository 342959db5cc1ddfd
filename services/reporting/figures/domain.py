"""Defines what is counted of one demand: in which rows, by which measures, and how a rate is computed; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import OWED, Demand, Status
from shared.jurisdiction.pack import Pack


class Dimension(StrEnum):
    """By what figures are broken down; `all` is one row for everything."""

    ALL = "all"
    DIVISION = "division"
    UNIT = "unit"
    CATEGORY = "category"
    CHANNEL = "channel"


UNKNOWN: Final = "-"
Place = tuple[Dimension, str]
Where = tuple[str, str | None, str, str]
"""Division, category, unit, channel."""

COMPLETED: Final = frozenset(
    {
        "resolved",
        "confirmed",
        *(f"closed/{o}" for o in (Outcome.CONFIRMED, Outcome.DISPUTED, Outcome.UNRATED)),
    }
)
"""The standings of a completed demand (办结): its unit has answered, and it was not reopened since."""


LEVELS: Final = (1, 2, 3, 4, 5)
SATISFIED: Final = (3, 4, 5)
"""The ratings that count as satisfied. Rule: GB/T 39735, from basically satisfied (基本满意) upwards."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure in words, so that nobody has to guess what a percentage means."""

    name: str
    version: int
    numerator: str
    denominator: str
    exclusions: str
    cut_off: str


COMPLETION: Final = Definition(
    name="completion",
    version=1,
    numerator="demands whose last resolution stands: resolved, confirmed, closed as confirmed, disputed or unrated",
    denominator="demands collected: every demand submitted or imported, once",
    exclusions="none; declined and withdrawn demands stay in the denominator",
    cut_off="now, or the end of the day `until`, in the jurisdiction's time zone",
)


def standing(demand: Demand) -> str:
    """The status of a demand; for a closed one also its outcome, as in `closed/confirmed`."""
    return f"closed/{demand.outcome}" if demand.status is Status.CLOSED else str(demand.status)


def is_owed(demand: Demand) -> bool:
    """Whether an answer is owed: such a demand is overdue when its due time has passed."""
    return demand.status in OWED


def is_overdue(demand: Demand, at: datetime) -> bool:
    """Whether an answer is owed and the due time has passed (逾期未结)."""
    return demand.due_at is not None and is_owed(demand) and demand.due_at < at


def is_late(demand: Demand) -> bool:
    """Whether the last answer came after the due time."""
    return demand.due_at is not None and demand.resolved_at is not None and demand.resolved_at > demand.due_at


def is_completed(demand: Demand) -> bool:
    """Whether the demand counts in the numerator of the completion rate."""
    return standing(demand) in COMPLETED


def where(demand: Demand) -> Where:
    """The division, category, unit and channel of a demand."""
    return demand.division, demand.category, demand.unit or UNKNOWN, demand.channel


class Rows:
    """Finds the rows in which demands of one jurisdiction are counted."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack
        self._above: dict[tuple[str, str | None], tuple[Place, ...]] = {}

    def of(self, where: Where) -> tuple[Place, ...]:
        """The rows for this division, category, unit and channel. Divisions and categories include all that lie above
        them."""
        division, category, unit, channel = where
        ancestors = self._above.get((division, category))
        if ancestors is None:
            ancestors = self._above[division, category] = tuple(self._find(division, category))
        return (*ancestors, (Dimension.UNIT, unit), (Dimension.CHANNEL, channel))

    def _find(self, division: str, category: str | None) -> Iterator[Place]:
        yield Dimension.ALL, ""
        yield from ((Dimension.DIVISION, code) for code in self.pack.ancestors(division))
        subjects = self.pack.category_ancestors(category) if category else (UNKNOWN,)
        yield from ((Dimension.CATEGORY, code) for code in subjects)


def measures(demand: Demand) -> Iterator[str]:
    """The measures by which a demand is counted in its month."""
    yield f"status:{standing(demand)}"
    if demand.returns:
        yield "returned"
    if demand.reopenings:
        yield "reopened"
    if demand.rating:
        yield f"rating:{demand.rating}"
    if demand.first_rating:
        yield f"first-rating:{demand.first_rating}"
    if demand.calls:
        yield "not-reached"
    if demand.on_the_spot:
        yield "on-the-spot"
    if demand.resolved_at and demand.due_at:
        yield "late" if is_late(demand) else "on-time"


def rate(completed: int, collected: int) -> float | None:
    """The rate in per cent with two decimals, rounded half up as printed bulletins do; None if nothing was
    collected."""
    return int(completed * 10_000 / collected + 0.5) / 100 if collected else None
