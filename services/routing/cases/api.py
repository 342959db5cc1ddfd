"""The HTTP routes that read cases: a unit's lists, the triage, and a single case."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.cases import worklists
from services.routing.cases.clock_api import clock_routes
from services.routing.cases.commands_api import TAGGED, Number, command_routes, tagged
from services.routing.cases.desks import desk_of
from services.routing.cases.handler import Actor, CaseHandler
from services.routing.cases.reading import Case, case_of
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import COUNTED_UP_TO, CaseCursor, CaseSummary, Cursor, List, Sort, place_of
from shared.chassis.http.pagination import Page, link
from shared.contracts.examples import DEMAND, with_examples
from shared.contracts.text import Text
from shared.identity.person import Person

Limit = Annotated[int, Query(ge=1, le=200)]
ListName = Annotated[List, Query(alias="list", description="which list")]
Narrowed = Annotated[Text | None, Query(max_length=64)]
Assisting = Annotated[bool, Query(description="true: as `list=assisting`", deprecated=True)]
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


class Worklist(Page):
    """A page of a list; `next` leads to the following one."""

    model_config = ConfigDict(json_schema_extra=with_examples({"cases": [DEMAND], "next": "AAAA"}))

    cases: list[CaseSummary]


class ListCounts(BaseModel):
    """How many cases each list of the unit has."""

    model_config = ConfigDict(json_schema_extra=with_examples({"counts": {"open": 27, "overdue": 1}}))

    counts: dict[List, int] = Field(description=f"by the name of the list; {COUNTED_UP_TO} stands for as many or more")


def routes(desk: CaseHandler, staff: WhoAsks) -> Sequence[APIRouter]:
    """The routes that read cases; `staff` finds the person of a token."""

    async def asking(by: Annotated[Person, Depends(staff)], key: Key, if_match: IfMatch = None) -> Actor:
        return Actor(by, key, if_match)

    return _lists(desk, staff), _readings(desk, staff), clock_routes(desk, staff), command_routes(desk, asking)


def _lists(desk: CaseHandler, staff: WhoAsks) -> APIRouter:
    router = APIRouter(tags=["routing"], prefix="/v1/cases")
    By = Annotated[Person, Depends(staff)]  # noqa: N806 (a type)

    @router.get("")
    async def list_cases(
        by: By,
        request: Request,
        response: Response,
        name: ListName = List.OPEN,
        division: Narrowed = None,
        category: Narrowed = None,
        handler: Narrowed = None,
        text: Narrowed = None,
        sort: Sort = "due",
        after: Cursor = "",
        limit: Limit = 50,
        assisting: Assisting = False,
    ) -> Worklist:
        """The open cases of the caller's unit, by due time or by age; or another list of the unit."""
        name = List.ASSISTING if assisting else name
        own = desk_of(desk, by, name)
        filters = Filters(division, category, handler, text)
        async with desk.pool.acquire(timeout=5) as db:
            cases, next_place = await worklists.page(db, own, name, sort, filters, place_of(after), limit)
        return _answer(cases, next_place, request, response)

    @router.get("/counts")
    async def count_cases(by: By) -> ListCounts:
        """How many cases each list of the unit has."""
        async with desk.pool.acquire(timeout=5) as db:
            return ListCounts(counts=await worklists.counts(db, desk_of(desk, by, List.OPEN)))

    @router.get("/triage")
    async def list_triage(
        by: By, request: Request, response: Response, after: Cursor = "", limit: Limit = 50
    ) -> Worklist:
        """The demands that no rule of the jurisdiction could route; for its coordinator."""
        own = desk_of(desk, by, List.TRIAGE)
        async with desk.pool.acquire(timeout=5) as db:
            cases, next_place = await worklists.page(db, own, List.TRIAGE, "age", Filters(), place_of(after), limit)
        return _answer(cases, next_place, request, response)

    return router


def _answer(cases: list[CaseSummary], next_place: CaseCursor | None, request: Request, response: Response) -> Worklist:
    cursor = next_place.as_cursor() if next_place else None
    link(cursor, request, response)
    return Worklist(cases=cases, next=cursor)


def _readings(desk: CaseHandler, staff: WhoAsks) -> APIRouter:
    router = APIRouter(tags=["routing"], prefix="/v1/cases")
    By = Annotated[Person, Depends(staff)]  # noqa: N806 (a type)

    @router.get("/{number}", responses=TAGGED)
    async def get_case(number: Number, by: By) -> Case:
        """One demand with the citizen's text (masked) and all facts since."""
        case = await case_of(desk, number, by)
        tagged(case.demand)
        return case

    return router
