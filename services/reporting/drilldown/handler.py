"""Reads the demands that a figure counts, newest first, page by page."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.reporting.drilldown import queries
from services.reporting.drilldown.pagination import BEGINNING, DemandCursor
from services.reporting.drilldown.queries import DemandConditions, DemandPage, Span
from services.reporting.figures import queries as figures
from services.reporting.figures.conditions import (
    COLLECTED,
    OF_THE_PAST,
    PUBLIC,
    SqlCondition,
    about_by,
    counted_by,
    counters,
    counts,
    held_by,
    text,
)
from services.reporting.figures.domain import Dimension
from services.reporting.figures.parameters import By
from services.reporting.figures.visibility import lists_reports, opens
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.pack import Pack

_DAY: Final = timedelta(days=1)
_FIRST: Final = "0"
_LOWEST: Final = UUID(int=0)
LOOKS: Final = 2
"""How many times a page may look for more demands, `page_queries.LOOKED_AT` rows each time."""


@dataclass(frozen=True, slots=True)
class OpenedFigure:
    """One figure: its row, its month or evening, and what it counts."""

    pack: Pack
    by: By = "month"
    key: str = ""
    month: date | None = None
    until: date | None = None
    counted: str = COLLECTED

    @property
    def dimension(self) -> Dimension:
        """The dimension of the figure's row; `all` for a month or for everything."""
        return Dimension(self.by) if self.by != "month" and self.key else Dimension.ALL

    @property
    def lists_reports(self) -> bool:
        """Whether its list may name reports (举报)."""
        return lists_reports(self.dimension, self.counted)

    def __post_init__(self) -> None:
        if not opens(self.pack, self.dimension):
            en = f"{self.pack.id} does not publish the {self.by} of a demand; ask without `key`"
            zh = "本辖区不公开单件诉求的此项信息，请去掉 key"
            error = FieldError("key", zh, en)
            raise Refused(Code.FORBIDDEN, f"key: {error.en}", f"key：{error.zh}", (error,))
        if self.until and self.counted not in OF_THE_PAST:
            names = ", ".join(OF_THE_PAST)
            error = FieldError("counted", f"过往日期只有：{names}", f"for past days only {names} are known")
            raise Refused(Code.INVALID, f"counted: {error.en}", f"counted：{error.zh}", (error,))


@dataclass(frozen=True, slots=True)
class Drilldown:
    """Reads pages. The cost of a page grows neither with the number of demands nor with how few of them are counted."""

    pool: Pool
    clock: Callable[[], datetime] = now

    async def page(self, figure: OpenedFigure, after: DemandCursor, limit: int, looks: int = LOOKS) -> DemandPage:
        """At most `limit` demands of the figure, and where the next page begins; a page may be short or empty and still
        have a next one."""
        demands: list[Demand] = []
        conditions = conditions_of(figure, self.clock())
        async with self.pool.acquire(timeout=5) as db:
            spans = deque(span for span in await _spans(db, figure) if span[0] <= after.at)
            while spans and looks:
                demand_page = await queries.demands(db, conditions, spans[0], after, limit - len(demands))
                demands += demand_page.demands
                looks -= 1
                after = demand_page.next or DemandCursor(spans.popleft()[0], _LOWEST)
                if len(demands) == limit:
                    break
            consents = await figures.consents(db, [demand.id for demand in demands])
        return DemandPage(demands, after if spans else None, consents)


async def _spans(db: Connection, figure: OpenedFigure) -> Sequence[Span]:
    """The spans of time in which the figure's demands were raised, by its counters; other times are not read."""
    pack = figure.pack
    if figure.until:
        return [(_FIRST, text(pack.due_times.calendar.midnight(figure.until + _DAY)))]
    if figure.month:
        return [_month(figure.month, pack)]
    if figure.key == "" and figure.counted == COLLECTED:
        return [(_FIRST, BEGINNING.at)]
    dimension = figure.dimension
    key = figure.key if dimension is not Dimension.ALL else ""
    return _join_adjacent(
        [_month(m, pack) for m in await queries.months(db, pack.id, dimension, key, counters(figure.counted))]
    )


def _join_adjacent(months: Sequence[Span]) -> Sequence[Span]:
    """Adjacent months joined into one span, newest first."""
    spans: list[Span] = []
    for since, before in months:
        if spans and spans[-1][0] == before:
            spans[-1] = (since, spans[-1][1])
        else:
            spans.append((since, before))
    return spans


def conditions_of(figure: OpenedFigure, at: datetime) -> DemandConditions:
    """The condition of the demands that a figure counts at the moment `at`."""
    evening = figure.pack.due_times.calendar.midnight(figure.until + _DAY) if figure.until else None
    indexed, checked = _row(figure, evening)
    counted = counted_by(figure.counted, evening) if evening else counts(figure.counted, at)
    withheld = () if figure.lists_reports else (PUBLIC,)
    return DemandConditions(figure.pack.id, indexed, (*checked, *counted, *withheld))


def _row(figure: OpenedFigure, evening: datetime | None) -> tuple[Sequence[SqlCondition], Sequence[SqlCondition]]:
    """The conditions of the demands of a row: those that an index finds, and those that are checked row by row."""
    pack, key = figure.pack, figure.key
    if not key:
        return (), ()
    match figure.by:
        case "month":
            return (), ()
        case "division":
            within = [place.code for place in pack.divisions if pack.is_within(place.code, key)]
            if within == [key]:
                return (SqlCondition("division = $?", (key,)),), ()
            return (), (SqlCondition("division = ANY($?::text[])", (within,)),)
        case "unit" if evening:
            return (), (held_by(key, evening),)
        case "category":
            below = [category.code for category in pack.categories if key in pack.category_ancestors(category.code)]
            if evening:
                return (), (about_by(below or [key], evening),)
            return (), (SqlCondition("coalesce(state ->> 'category', '-') = ANY($?::text[])", (below or [key],)),)
        case "unit" | "channel":
            return (), (SqlCondition(f"coalesce(state ->> '{figure.by}', '-') = $?", (key,)),)


def _month(month: date, pack: Pack) -> Span:
    begins, ends = pack.due_times.calendar.month_span(month)
    return text(begins), text(ends)
