"""Reporting over HTTP: figures, and the demands and facts behind them."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.reporting import examples, queries
from services.reporting.completion import Completion, Figures, Question
from services.reporting.figures import Dimension
from services.reporting.queries import Selection, Told
from shared.contracts.demand import Demand, Status, is_confidential
from shared.contracts.examples import ID, NUMBER, shown
from shared.contracts.facts import Outcome
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

By = Literal["month", "division", "unit", "category", "channel"]
Where = Annotated[str | None, Query(description="a pack's id; the first one served when it is left out")]
Month = Annotated[str | None, Query(pattern=r"^(?:19|2\d)\d\d-(?:0[1-9]|1[0-2])$", examples=["2021-12"])]


class Behind(BaseModel):
    """A demand behind a figure, without personal data."""

    model_config = ConfigDict(json_schema_extra=shown(examples.BEHIND))

    id: UUID
    number: str
    title: str | None = Field(description="null where the demand is a report (举报)")
    status: Status
    outcome: Outcome | None
    division: str
    unit: str | None
    category: str | None
    channel: str
    submitted_at: datetime | None
    resolved_at: datetime | None
    due_at: datetime | None
    returns: int
    reopenings: int
    rating: int | None
    imported: bool

    @classmethod
    def of(cls, demand: Demand) -> "Behind":
        """As anybody may see it."""
        title = None if is_confidential(demand.kind) else demand.title
        return cls.model_validate(demand.model_copy(update={"title": title}), from_attributes=True)


class Opened(BaseModel):
    """A page of demands; ask again with `after` for the next."""

    model_config = ConfigDict(json_schema_extra=shown({"demands": [examples.BEHIND], "after": ID}))

    demands: list[Behind]
    after: UUID | None


def routes(figures: Figures, packs: Jurisdictions) -> APIRouter:
    """Reporting's routes."""
    router = APIRouter(tags=["reporting"], prefix="/v1/figures")

    @router.get("/completion")
    async def get_completion(
        by: By = "month", jurisdiction: Where = None, month: Month = None, until: date | None = None
    ) -> Completion:
        """Collected, completed and their rate, of a month's demands or of all as it stood on the evening of `until`."""
        return await figures.completion(pack_of(packs, jurisdiction), question_of(by, month, until))

    @router.get("/completion/demands")
    async def list_completion_demands(
        by: By = "month",
        key: Text = "",
        jurisdiction: Where = None,
        month: Month = None,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Opened:
        """The demands behind a row of the figure."""
        pack = pack_of(packs, jurisdiction)
        async with figures.pool.acquire(timeout=5) as db:
            found = await queries.demands(db, selection(pack, by, key, first_day(month), after, limit))
        rows = [Behind.of(demand) for demand in found]
        return Opened(demands=rows, after=rows[-1].id if len(rows) == limit else None)

    @router.get("/facts/{number}")
    async def list_demand_facts(
        number: Annotated[Text, Path(max_length=40, examples=[NUMBER])],
    ) -> Annotated[list[Told], Field(examples=[examples.TOLD])]:
        """Every fact of one demand: what was told, by whom, when."""
        async with figures.pool.acquire(timeout=5) as db:
            found = await queries.facts_of(db, number)
        if not found:
            raise Refused(Code.NOT_FOUND, f"nothing was told of {number}", f"没有编号为 {number} 的诉求")
        return found

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
    if month and until:
        error = FieldError("until", "不能与 month 同时使用", "cannot be combined with `month`: leave one out")
        raise Refused(Code.INVALID, f"until: {error.en}", f"until：{error.zh}", (error,))
    dimension = Dimension.ALL if by == "month" else Dimension(by)
    return Question(dimension, by == "month" and until is None, first_day(month), until)


def first_day(month: str | None) -> date | None:
    """The month that `YYYY-MM` names."""
    return date.fromisoformat(f"{month}-01") if month else None


def selection(pack: Pack, by: By, key: str, month: date | None, after: UUID | None, limit: int) -> Selection:
    """The demands that one row of a breakdown counts."""
    since, before = _bounds(pack, month) if month else (None, None)
    keys: tuple[str, ...] = (key,)
    if by == "division":
        keys = tuple(d.code for d in pack.divisions if pack.is_within(d.code, key))
    elif by == "category":
        keys = tuple(c.code for c in pack.categories if key in pack.category_ancestors(c.code)) or (key,)
    field = None if by == "month" or not key else by
    return Selection(pack.id, since, before, field, keys, after, limit)


def _bounds(pack: Pack, month: date) -> tuple[str, str]:
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    zone = ZoneInfo(pack.timezone)
    first, last = (
        datetime.combine(day, time(), zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") for day in (month, following)
    )
    return first, last
