"""Routing over HTTP: a unit's worklist, the triage, and what staff may say about a case."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from services.routing.cases import commands as c
from services.routing.cases import queries
from services.routing.cases.handler import Actor, CaseHandler, etag, not_found
from services.routing.cases.timeline import TimelineEntry
from shared.chassis.base.tokens import Tokens
from shared.chassis.http import response_headers
from shared.contracts.demand.facts import Location
from shared.contracts.demand.state import Demand
from shared.contracts.examples import DEMAND, ID, NUMBER, TEXT, shown
from shared.contracts.numbers import AS_TYPED, DemandNumber
from shared.contracts.refusals import Code, Refused
from shared.identity.bearer import bearer
from shared.identity.person import Person
from shared.identity.relations import may
from shared.identity.rights import READ
from shared.identity.staff_tokens import StaffTokens

Number = Annotated[DemandNumber, Path(examples=[NUMBER], description=AS_TYPED)]
Limit = Annotated[int, Query(ge=1, le=200)]
Assisting = Annotated[bool, Query(description="true: the demands that the unit assists with, while another leads")]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="repeat it with the command",
        examples=["desk-20261124-0001"],
    ),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=200, description="the case's `ETag` when it was read: refused if it moved on"),
]
WhoAsks = Callable[[str], Awaitable[Person]]
TAGGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": {"description": "of the demand as it is now", "schema": {"type": "string"}}}}
}


class Case(BaseModel):
    """A demand as its unit sees it, with all that was said of it since."""

    model_config = ConfigDict(json_schema_extra=shown({"demand": DEMAND, "text": TEXT}))

    demand: Demand
    text: str = Field(description="what the citizen wrote, masked")
    location: Location | None = Field(None, description="WGS-84 degrees, rounded to about ten metres")
    attachments: list[str] = Field([], description="ids of the files that came with the demand")
    timeline: list[TimelineEntry] = Field(
        [], description="oldest first: what the citizen added, every step with its reason, verdicts, failed messages"
    )


class Worklist(BaseModel):
    """A page of demands; ask again with `after` for the next."""

    model_config = ConfigDict(json_schema_extra=shown({"cases": [DEMAND], "after": ID}))

    cases: list[Demand]
    after: UUID | None


def routes(desk: CaseHandler, tokens: Tokens) -> Sequence[APIRouter]:
    """Routing's routes over its desk."""

    bearers = StaffTokens(tokens)

    async def staff(token: Annotated[str, Depends(bearer)]) -> Person:
        return await bearers.read(desk.pool, token)

    async def asking(by: Annotated[Person, Depends(staff)], key: Key, if_match: IfMatch = None) -> Actor:
        return Actor(by, key, if_match)

    return _readings(desk, staff), _handling(desk, asking), _dispatching(desk, asking)


def _readings(desk: CaseHandler, staff: WhoAsks) -> APIRouter:
    router = APIRouter(tags=["routing"], prefix="/v1/cases")
    By = Annotated[Person, Depends(staff)]  # noqa: N806 (a type)

    @router.get("")
    async def list_cases(
        by: By, after: UUID | None = None, limit: Limit = 50, assisting: Assisting = False
    ) -> Worklist:
        """What lies with the unit of whoever asks, or what it assists with; oldest first."""
        async with desk.pool.acquire(timeout=5) as db:
            if assisting:
                return _page(await queries.assisted(db, by.unit, after, limit), limit)
            return _page(await queries.worklist(db, by.unit, after, limit), limit)

    @router.get("/triage")
    async def list_triage(by: By, after: UUID | None = None, limit: Limit = 50) -> Worklist:
        """What no rule of the jurisdiction could decide; for its coordinator."""
        pack = desk.packs.coordinated_by(by.unit)
        if pack is None:
            raise Refused(Code.FORBIDDEN, "the triage is for the coordinator's people", "仅统筹单位可以查看")
        async with desk.pool.acquire(timeout=5) as db:
            return _page(await queries.triage(db, pack.id, after, limit), limit)

    @router.get("/{number}", responses=TAGGED)
    async def get_case(number: Number, by: By) -> Case:
        """One demand with what the citizen wrote (masked) and everything that was told of it since."""
        async with desk.pool.acquire(timeout=5) as db:
            stored = await queries.case(db, number)
        if stored is None:
            raise not_found(number)
        demand = stored.demand
        pack = desk.packs.of_division(demand.division)
        if pack is None or not may(READ, by, demand, pack):
            raise not_found(number)
        return Case(
            demand=_tagged(demand),
            text=stored.text,
            location=stored.location,
            attachments=list(stored.attachments),
            timeline=stored.timeline,
        )

    return router


def _handling(desk: CaseHandler, asking: Callable[..., Awaitable[Actor]]) -> APIRouter:
    """What a unit may say about its cases."""
    router = APIRouter(tags=["routing"], prefix="/v1/cases/{number}", responses=TAGGED)
    By = Annotated[Actor, Depends(asking)]  # noqa: N806 (a type)

    @router.post("/accept")
    async def accept_case(number: Number, by: By, command: c.AcceptDemand | None = None) -> Demand:
        """Sign for a demand (签收)."""
        return _tagged(await desk.handle(number, command or c.AcceptDemand(), by))

    @router.post("/return")
    async def return_case(number: Number, by: By, command: c.ReturnDemand) -> Demand:
        """Return a demand that is not this unit's (退单), with the reason and who should have it."""
        return _tagged(await desk.handle(number, command, by))

    @router.post("/decline")
    async def decline_case(number: Number, by: By, command: c.DeclineDemand) -> Demand:
        """Decline with a reason and where to go instead."""
        return _tagged(await desk.handle(number, command, by))

    @router.post("/contact")
    async def contact_citizen(number: Number, by: By, command: c.ContactCitizen) -> Demand:
        """Say that the unit spoke with the citizen."""
        return _tagged(await desk.handle(number, command, by))

    @router.post("/progress")
    async def progress_case(number: Number, by: By, command: c.ProgressDemand) -> Demand:
        """Tell the citizen how the work goes."""
        return _tagged(await desk.handle(number, command, by))

    @router.post("/resolve")
    async def resolve_case(number: Number, by: By, command: c.ResolveDemand) -> Demand:
        """Say that the demand is done (办结)."""
        return _tagged(await desk.handle(number, command, by))

    return router


def _dispatching(desk: CaseHandler, asking: Callable[..., Awaitable[Actor]]) -> APIRouter:
    """What the jurisdiction's coordinator alone may say."""
    router = APIRouter(tags=["routing"], prefix="/v1/cases/{number}", responses=TAGGED)
    By = Annotated[Actor, Depends(asking)]  # noqa: N806 (a type)

    @router.post("/route")
    async def route_case(number: Number, by: By, command: c.RouteDemand) -> Demand:
        """Dispatch by hand: what no rule decided, what bounced, or what lies with the wrong unit."""
        return _tagged(await desk.handle(number, command, by))

    @router.post("/reclassify")
    async def reclassify_case(number: Number, by: By, command: c.ReclassifyDemand) -> Demand:
        """Correct what the demand is about; in triage, the catalogue then routes it where it can."""
        return _tagged(await desk.handle(number, command, by))

    @router.post("/extend")
    async def extend_case(number: Number, by: By, command: c.ExtendDemand) -> Demand:
        """Move the due time by working days (延期), before it is there."""
        return _tagged(await desk.handle(number, command, by))

    return router


def _tagged(demand: Demand) -> Demand:
    response_headers.add({"ETag": etag(demand)})
    return demand


def _page(cases: list[Demand], limit: int) -> Worklist:
    return Worklist(cases=cases, after=cases[-1].id if len(cases) == limit else None)
