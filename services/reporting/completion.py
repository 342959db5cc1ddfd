"""The completion figure, by any dimension, now or as of the evening of a day."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.reporting import examples, queries, sum_queries
from services.reporting.figures import COMPLETED, COMPLETION, UNKNOWN, Definition, Dimension, rate
from services.reporting.links import Opens
from services.reporting.sum_queries import Counts
from shared.chassis.clock import now
from shared.chassis.database import Connection, Pool
from shared.contracts.examples import shown
from shared.jurisdiction.pack import Pack


class Breakdown(BaseModel):
    """One row of a figure. `rate` is per cent with two decimals, null where nothing was collected."""

    model_config = ConfigDict(frozen=True)

    key: str
    name: str
    month: date | None = None
    collected: int
    completed: int
    rate: float | None
    statuses: dict[str, int] = {}
    marks: dict[str, int] = Field({}, description="returned, reopened, late, on-time, rating:1 … rating:5")
    demands: str = Field(
        "",
        description="address of the demands in `collected`; of those in another figure of the row with"
        " `&counted=completed`, `&counted=status:` and its name, or `&counted=` and the mark",
    )


class Completion(BaseModel):
    """The figure with its definition, its rows, and how fresh it is."""

    model_config = ConfigDict(json_schema_extra=shown(examples.COMPLETION))

    definition: Definition
    jurisdiction: str
    by: str
    month: date | None = None
    until: date | None = None
    total: Breakdown
    rows: list[Breakdown]
    overdue: int | None = Field(
        description="open and past their due time now, of all months; null for the past. Its demands: `total.demands`"
        " without `month`, with `&counted=overdue`"
    )
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: one breakdown of one jurisdiction."""

    by: Dimension
    by_month: bool = False
    month: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Answers from counters; the cost does not grow with the number of demands."""

    pool: Pool
    clock: Callable[[], datetime] = now

    async def completion(self, pack: Pack, question: Question) -> Completion:
        """The completion figure."""
        async with self.pool.acquire(timeout=5) as db:
            counts = await _counts(db, pack.id, question)
            total = await _counts(db, pack.id, Question(Dimension.ALL, False, question.month, question.until))
            late = None if question.until else await queries.overdue(db, pack.id, self.clock())
            heard_at = await queries.heard_at(db)
        opens = Opens(pack.id, question.by, question.month, question.until)
        return Completion(
            definition=COMPLETION,
            jurisdiction=pack.id,
            by="month" if question.by_month else question.by,
            month=question.month,
            until=question.until,
            total=next(iter(_rows(total, pack, Dimension.ALL, opens)), _nothing(opens)),
            rows=_rows(counts, pack, question.by, opens),
            overdue=late,
            heard_at=heard_at,
        )


async def _counts(db: Connection, jurisdiction: str, question: Question) -> list[Counts]:
    if question.until:
        return await sum_queries.until(db, jurisdiction, question.by, question.until)
    if question.month:
        return await sum_queries.of_month(db, jurisdiction, question.by, question.month, question.by_month)
    if question.by_month:
        return await sum_queries.by_month(db, jurisdiction, question.by)
    return await sum_queries.ever(db, jurisdiction, question.by)


def _rows(counted: Iterable[Counts], pack: Pack, dimension: Dimension, opens: Opens) -> list[Breakdown]:
    return [
        _row(
            row.counts,
            month=row.month,
            key=row.key,
            name=name_of(pack, dimension, row.key),
            demands=opens.row(row.key, row.month),
        )
        for row in counted
    ]


def _row(found: Mapping[str, int], **place: Any) -> Breakdown:
    statuses, marks = {}, {}
    for measure, n in found.items():
        if measure.startswith("status:"):
            statuses[measure[7:]] = n
        elif measure not in ("collected", "completed"):
            marks[measure] = n
    collected = found.get("collected", sum(statuses.values()))
    completed = found.get("completed", sum(n for status, n in statuses.items() if status in COMPLETED))
    return Breakdown(
        **place,
        collected=collected,
        completed=completed,
        rate=rate(completed, collected),
        statuses=statuses,
        marks=marks,
    )


def name_of(pack: Pack, dimension: Dimension, key: str) -> str:
    """What people call it; the key itself where it has no name."""
    if key == UNKNOWN:
        return "—"
    language = pack.languages[0]
    match dimension:
        case Dimension.DIVISION:
            division = pack.division(key)
            return division.name if division else key
        case Dimension.UNIT:
            unit = pack.unit(key)
            return unit.name if unit else key
        case Dimension.CATEGORY:
            category = pack.category(key)
            return getattr(category.name, language) if category else key
        case Dimension.ALL:
            return str(getattr(pack.name, language))
        case Dimension.CHANNEL:
            return key


def _nothing(opens: Opens) -> Breakdown:
    return Breakdown(key="", name="", collected=0, completed=0, rate=None, demands=opens.row("", None))
