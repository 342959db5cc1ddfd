"""Reads the completion figure from the counters, by any dimension, now or as of the evening of a day."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.reporting import examples
from services.reporting.figures import queries, sum_queries
from services.reporting.figures.domain import (
    COMPLETED,
    COMPLETION,
    LEVELS,
    SATISFIED,
    Definition,
    Dimension,
    rate,
)
from services.reporting.figures.links import DrilldownLinks
from services.reporting.figures.names import name_of
from services.reporting.figures.sum_queries import Counts
from services.reporting.figures.visibility import opens
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.examples import with_examples
from shared.jurisdiction.pack import Pack


class Satisfaction(BaseModel):
    """Of the demands whose citizens chose a level, how many are at least basically satisfied (3 to 5 of 5).

    `rate` is per cent with two decimals, null where nobody rated.
    """

    model_config = ConfigDict(frozen=True)

    rated: int
    satisfied: int
    rate: float | None

    @classmethod
    def of(cls, marks: Mapping[str, int], verdict: str) -> "Satisfaction":
        """The satisfaction of a row, from its marks; `verdict` is `rating` or `first-rating`."""
        rated, satisfied = (
            sum(marks.get(f"{verdict}:{level}", 0) for level in levels) for levels in (LEVELS, SATISFIED)
        )
        return cls(rated=rated, satisfied=satisfied, rate=rate(satisfied, rated))


class Breakdown(BaseModel):
    """One row of a figure. `rate` is per cent with two decimals, null where nothing was collected."""

    model_config = ConfigDict(frozen=True)

    key: str
    name: str
    parent: str | None = Field(
        None,
        description="key of the row in which this one is counted too; the rows without a parent add up to the total",
    )
    level: int = Field(0, description="how many rows lie above this one")
    contains: bool = Field(False, description="whether the demands of other rows are counted in this one too")
    month: date | None = None
    collected: int
    completed: int
    rate: float | None
    statuses: dict[str, int] = {}
    marks: dict[str, int] = Field(
        {},
        description="returned, reopened, late, on-time, rating:1 … rating:5 (the last verdict),"
        " first-rating:1 … first-rating:5 (the first one, 首次评价),"
        " not-reached (closed without a verdict after calls in vain), on-the-spot (answered on a visit, 现场解决)",
    )
    satisfaction: Satisfaction | None = Field(
        None,
        description="by the last verdict (最终满意率); its demands with `&counted=rated` and `&counted=satisfied`; null"
        " for the past",
    )
    first_satisfaction: Satisfaction | None = Field(
        None,
        description="by the first verdict (首次满意率); its demands with `&counted=first-rated` and"
        " `&counted=first-satisfied`; null for the past",
    )
    demands: str = Field(
        "",
        description="address of the demands in `collected`, empty where the jurisdiction does not publish what the row"
        " tells of each; of those in another figure of the row with"
        " `&counted=completed`, `&counted=status:` and its name, or `&counted=` and the mark",
    )


class Completion(BaseModel):
    """The figure with its definition, its rows, and how fresh it is."""

    model_config = ConfigDict(json_schema_extra=with_examples(examples.COMPLETION))

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
    """One breakdown of the completion figure: now, of one month, or as of the evening of a day."""

    by: Dimension
    by_month: bool = False
    month: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Reads figures from counters; the cost does not grow with the number of demands."""

    pool: Pool
    clock: Callable[[], datetime] = now

    async def completion(self, pack: Pack, question: Question) -> Completion:
        """The completion figure of one jurisdiction."""
        async with self.pool.acquire(timeout=5) as db:
            counts = await _counts(db, pack.id, question)
            total = await _counts(db, pack.id, Question(Dimension.ALL, False, question.month, question.until))
            overdue = None if question.until else await queries.overdue(db, pack.id, self.clock())
            heard_at = await queries.last_batch_at(db)
            channels = await queries.channels(db) if question.by is Dimension.CHANNEL else {}
        links = DrilldownLinks(
            pack.id, question.by, question.month, question.until, closed=not opens(pack, question.by)
        )
        return Completion(
            definition=COMPLETION,
            jurisdiction=pack.id,
            by="month" if question.by_month else question.by,
            month=question.month,
            until=question.until,
            total=next(iter(_rows(total, pack, Dimension.ALL, links, {})), _empty_total(links)),
            rows=_rows(counts, pack, question.by, links, channels),
            overdue=overdue,
            heard_at=heard_at,
        )

    async def months(self, pack: Pack) -> list[Breakdown]:
        """The figures of each month's demands as they stand now, the earliest month first."""
        async with self.pool.acquire(timeout=5) as db:
            counts = await sum_queries.by_month(db, pack.id, Dimension.ALL)
        return _rows(counts, pack, Dimension.ALL, DrilldownLinks(pack.id, "month"), {})


async def _counts(db: Connection, jurisdiction: str, question: Question) -> list[Counts]:
    if question.until:
        return await sum_queries.until(db, jurisdiction, question.by, question.until)
    if question.month:
        return await sum_queries.month_counters(db, jurisdiction, question.by, question.month, question.by_month)
    if question.by_month:
        return await sum_queries.by_month(db, jurisdiction, question.by)
    return await sum_queries.all_counters(db, jurisdiction, question.by)


def _rows(
    counted: Sequence[Counts], pack: Pack, dimension: Dimension, links: DrilldownLinks, channels: Mapping[str, str]
) -> list[Breakdown]:
    parents = {row.key: above(pack, dimension, row.key) for row in counted}
    containing_rows = {parents_of[0] for parents_of in parents.values() if parents_of}
    return [
        _row(
            row.counts,
            month=row.month,
            key=row.key,
            name=name_of(pack, dimension, row.key, channels),
            parent=parents[row.key][0] if parents[row.key] else None,
            level=len(parents[row.key]),
            contains=row.key in containing_rows,
            demands=links.row(row.key, row.month),
        )
        for row in counted
    ]


def above(pack: Pack, dimension: Dimension, key: str) -> tuple[str, ...]:
    """The keys of the rows in which the row `key` is also counted, the nearest first."""
    match dimension:
        case Dimension.DIVISION:
            return pack.ancestors(key)[1:]
        case Dimension.CATEGORY:
            return pack.category_ancestors(key)[1:]
        case _:
            return ()


def _row(counts: Mapping[str, int], **row_fields: Any) -> Breakdown:
    statuses, marks = {}, {}
    for measure, n in counts.items():
        if measure.startswith("status:"):
            statuses[measure[7:]] = n
        elif measure not in ("collected", "completed"):
            marks[measure] = n
    collected = counts.get("collected", sum(statuses.values()))
    completed = counts.get("completed", sum(n for status, n in statuses.items() if status in COMPLETED))
    satisfactions = {
        "satisfaction": Satisfaction.of(marks, "rating"), "first_satisfaction": Satisfaction.of(marks, "first-rating"),
    } if statuses else {}  # fmt: skip
    return Breakdown(
        **satisfactions,
        **row_fields,
        collected=collected,
        completed=completed,
        rate=rate(completed, collected),
        statuses=statuses,
        marks=marks,
    )


def _empty_total(links: DrilldownLinks) -> Breakdown:
    return Breakdown(key="", name="", collected=0, completed=0, rate=None, demands=links.row("", None))
