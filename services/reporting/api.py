"""Reporting over HTTP: figures, and the demands and facts behind them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.reporting import cursors, examples, queries, steps
from services.reporting.completion import Completion, Figures, Question
from services.reporting.counted import COLLECTED, NAMES
from services.reporting.cursors import Cursor
from services.reporting.figures import Dimension
from services.reporting.opening import By, Figure, Opening
from services.reporting.queries import Told
from services.reporting.seen import seen
from shared.chassis.cursors import Page, link
from shared.contracts.demand import Demand, Status, is_confidential
from shared.contracts.examples import NUMBER, shown
from shared.contracts.facts import Outcome
from shared.contracts.moment import END, FIRST, RULE_EN, RULE_ZH
from shared.contracts.numbers import AS_TYPED, DemandNumber
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


def _within_our_years(day: date | None) -> date | None:
    if day and not FIRST.year <= day.year < END.year:
        raise PydanticCustomError("day_out_of_range", "{en}", {"en": RULE_EN, "zh": RULE_ZH})
    return day


Where = Annotated[str | None, Query(description="a pack's id; the first one served when it is left out")]
Counted = Annotated[
    str,
    Query(
        pattern=NAMES,
        description="what is counted: collected, completed, overdue, `status:` and a name among `statuses`, a name"
        " among `marks`; with `until`, collected or completed",
        examples=["completed"],
    ),
]
Month = Annotated[str | None, Query(pattern=r"^(?:19|2\d)\d\d-(?:0[1-9]|1[0-2])$", examples=["2021-12"])]

Until = Annotated[
    date | None,
    AfterValidator(_within_our_years),
    Query(description="as it stood on the evening of this day, in the jurisdiction's time zone"),
]


class Behind(BaseModel):
    """A demand behind a figure, as anybody may see it: what its jurisdiction does not publish is null.

    Of a report (举报) nothing is shown but its number and when it was raised.
    """

    model_config = ConfigDict(json_schema_extra=shown(examples.BEHIND))

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
    def of(cls, pack: Pack, demand: Demand) -> "Behind":
        """As anybody may see it."""
        public = seen(pack, demand)
        return cls(
            id=demand.id, number=public.number, confidential=public.confidential, title=public.title,
            status=public.status, outcome=public.outcome, division=public.place, unit=public.unit,
            category=public.category, channel=public.channel, submitted_at=public.submitted_at,
            resolved_at=public.resolved_at, due_at=public.due_at, returns=public.returns,
            reopenings=public.reopenings, rating=public.rating, imported=public.imported,
        )  # fmt: skip


class Opened(Page):
    """A page of demands, newest first. Where few of many are counted it may be short or empty: `next` tells the end.

    Reports (举报) are counted, and listed only among all demands of a month or of all time.
    """

    model_config = ConfigDict(json_schema_extra=shown({"demands": [examples.BEHIND], "next": examples.CURSOR}))

    demands: list[Behind]


def routes(figures: Figures, opening: Opening, packs: Jurisdictions) -> APIRouter:
    """Reporting's routes."""
    router = APIRouter(tags=["reporting"], prefix="/v1/figures")

    @router.get("/completion")
    async def get_completion(
        by: By = "month", jurisdiction: Where = None, month: Month = None, until: Until = None
    ) -> Completion:
        """Collected, completed and their rate, of a month's demands or of all as it stood on the evening of `until`."""
        return await figures.completion(pack_of(packs, jurisdiction), question_of(by, month, until))

    @router.get("/completion/demands")
    async def list_completion_demands(
        request: Request, response: Response,
        by: By = "month", key: Annotated[Text, Query(max_length=200)] = "", jurisdiction: Where = None,
        month: Month = None, until: Until = None, counted: Counted = COLLECTED,
        after: Cursor = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Opened:  # fmt: skip
        """The demands that a figure counts: every one, and no other."""
        figure = figure_of(pack_of(packs, jurisdiction), by, key, month, until, counted)
        found = await opening.page(figure, cursors.read(after), limit)
        following = cursors.written(found.next)
        link(following, request, response)
        return Opened(demands=[Behind.of(figure.pack, demand) for demand in found.demands], next=following)

    @router.get("/facts/{number}")
    async def list_demand_facts(
        number: Annotated[DemandNumber, Path(examples=[NUMBER], description=AS_TYPED)],
    ) -> Annotated[list[Told], Field(examples=[examples.TOLD])]:
        """The steps of one demand: what was told, by whom, when; none of a report (举报)."""
        async with figures.pool.acquire(timeout=5) as db:
            demand = await queries.demand_by_number(db, number)
            found = await queries.facts_of(db, number)
        if demand is None:
            raise Refused(Code.NOT_FOUND, f"nothing was told of {number}", f"没有编号为 {number} 的诉求")
        return [] if is_confidential(demand.kind) else steps.public(found)

    return router


def pack_of(packs: Jurisdictions, asked: str | None) -> Pack:
    """The pack that was asked for, or the first one served."""
    pack = packs.get(asked) if asked else next(iter(packs))
    if pack is None:
        known = ", ".join(one.id for one in packs)
        error = FieldError("jurisdiction", f"可选：{known}", f"one of {known}", next(iter(packs)).id)
        raise Refused(Code.INVALID, f"jurisdiction: {error.en}", error.zh, (error,))
    return pack


def question_of(by: By, month: str | None, until: date | None) -> Question:
    """What is asked of the figure; raises `Refused` where two questions are asked at once."""
    _one_of(month, until)
    dimension = Dimension.ALL if by == "month" else Dimension(by)
    return Question(dimension, by == "month" and until is None, first_day(month), until)


def figure_of(pack: Pack, by: By, key: str, month: str | None, until: date | None, counted: str = COLLECTED) -> Figure:
    """The figure that is to be opened; raises `Refused` for one that nobody counts."""
    _one_of(month, until)
    return Figure(pack, by, key, first_day(month), until, counted)


def _one_of(month: str | None, until: date | None) -> None:
    if month and until:
        error = FieldError("until", "不能与 month 同时使用", "cannot be combined with `month`: leave one out")
        raise Refused(Code.INVALID, f"until: {error.en}", f"until：{error.zh}", (error,))


def first_day(month: str | None) -> date | None:
    """The month that `YYYY-MM` names."""
    return date.fromisoformat(f"{month}-01") if month else None
