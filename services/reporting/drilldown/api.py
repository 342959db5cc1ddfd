"""Demands and facts behind a figure, over HTTP."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.reporting import examples
from services.reporting.drilldown import pagination, steps
from services.reporting.drilldown.handler import Drilldown, OpenedFigure
from services.reporting.drilldown.pagination import Cursor
from services.reporting.figures import queries
from services.reporting.figures.completion import Figures
from services.reporting.figures.conditions import COLLECTED
from services.reporting.figures.parameters import (
    By,
    Counted,
    Month,
    Until,
    Where,
    first_day,
    one_of,
    pack_of,
)
from services.reporting.figures.queries import Consents, FactSummary
from services.reporting.figures.visibility import seen
from shared.chassis.http.pagination import Page, link
from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import Demand, Status, is_confidential
from shared.contracts.examples import NUMBER, with_examples
from shared.contracts.numbers import AS_TYPED, DemandNumber
from shared.contracts.refusals import Code, Refused
from shared.contracts.text import Text
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


class Behind(BaseModel):
    """A demand behind a figure, as anybody may see it: what its jurisdiction does not publish is null.

    Of a report (举报) nothing is shown but its number and when it was raised.
    """

    model_config = ConfigDict(json_schema_extra=with_examples(examples.BEHIND))

    id: UUID
    number: str
    confidential: bool = Field(description="whether it is a report (举报)")
    title: str | None = Field(description="null in most jurisdictions: words are public when they are released")
    status: Status | None
    outcome: Outcome | None
    division: str | None
    unit: str | None
    category: str | None
    channel: str | None
    submitted_at: datetime | None
    resolved_at: datetime | None
    due_at: datetime | None
    returns: int | None
    reopenings: int | None
    rating: int | None
    imported: bool

    @classmethod
    def of(cls, pack: Pack, demand: Demand, consents: Consents) -> "Behind":
        """As anybody may see it."""
        public = seen(pack, demand, consents)
        return cls(
            id=demand.id, number=public.number, confidential=public.confidential, title=public.title,
            status=public.status, outcome=public.outcome, division=public.place, unit=public.unit,
            category=public.category, channel=public.channel, submitted_at=public.submitted_at,
            resolved_at=public.resolved_at, due_at=public.due_at, returns=public.returns,
            reopenings=public.reopenings, rating=public.rating, imported=public.imported,
        )  # fmt: skip


class Opened(Page):
    """A page of demands, newest first. Where few of many are counted it may be short or empty: `next` tells the end.

    Reports (举报) are counted, and listed only among all demands of a month or of all time: in any other list a report
    would tell which unit or place it is about, and so would the number of those left out. So a figure may be greater
    than its list is long; `without_reports` says where.
    """

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {"demands": [examples.BEHIND], "without_reports": False, "next": examples.CURSOR}
        )
    )

    demands: list[Behind]
    without_reports: bool = Field(description="whether the figure counts reports (举报) that this list leaves out")


def routes(figures: Figures, drilldown: Drilldown, packs: Jurisdictions) -> APIRouter:
    """Open a figure to its demands, and a demand to its facts."""
    router = APIRouter(tags=["reporting"], prefix="/v1/figures")

    @router.get("/completion/demands")
    async def list_completion_demands(
        request: Request, response: Response,
        by: By = "month", key: Annotated[Text, Query(max_length=200)] = "", jurisdiction: Where = None,
        month: Month = None, until: Until = None, counted: Counted = COLLECTED,
        after: Cursor = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Opened:  # fmt: skip
        """The demands that a figure counts: every one, and no other, but for reports (`without_reports`)."""
        figure = figure_of(pack_of(packs, jurisdiction), by, key, month, until, counted)
        demand_page = await drilldown.page(figure, pagination.read(after), limit)
        next_cursor = pagination.cursor_of(demand_page.next)
        link(next_cursor, request, response)
        return Opened(
            demands=[Behind.of(figure.pack, demand, demand_page.consents) for demand in demand_page.demands],
            without_reports=not figure.lists_reports,
            next=next_cursor,
        )

    @router.get("/facts/{number}")
    async def list_demand_facts(
        number: Annotated[DemandNumber, Path(examples=[NUMBER], description=AS_TYPED)],
    ) -> Annotated[list[FactSummary], Field(examples=[examples.FACTS])]:
        """The steps of one demand: each fact with its service and time; none of a report (举报)."""
        async with figures.pool.acquire(timeout=5) as db:
            demand = await queries.demand_by_number(db, number)
            facts = await queries.facts_of(db, number)
        if demand is None:
            raise Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
        return [] if is_confidential(demand.kind) else steps.public(facts)

    return router


def figure_of(
    pack: Pack, by: By, key: str, month: str | None, until: date | None, counted: str = COLLECTED
) -> OpenedFigure:
    """The figure that is to be opened; raises `Refused` for one that nobody counts."""
    one_of(month, until)
    return OpenedFigure(pack, by, key, first_day(month), until, counted)
