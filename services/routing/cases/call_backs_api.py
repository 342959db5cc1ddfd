"""The HTTP route that lists call-backs, for the systems of call centres. Commands to the case take and record them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.routing.call_backs import queries
from services.routing.call_backs.domain import CallBackState
from services.routing.call_backs.permissions import require_caller
from services.routing.cases.desks import pack_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.worklists import Cursor
from shared.chassis.http.pagination import OLDEST, Page, link, moment
from shared.contracts.demand.state import Demand
from shared.contracts.examples import DEMAND, TEXT, with_examples
from shared.identity.person import Person

Limit = Annotated[int, Query(ge=1, le=200)]
_STATE: Final[dict[str, JsonValue]] = {
    "call_at": "2021-05-12T01:30:00Z",
    "due_at": "2021-05-13T15:59:59Z",
    "attempts": 0,
}


class DueCallBack(BaseModel):
    """A demand whose citizen is to be asked for a verdict."""

    demand: Demand
    text: str = Field(description="what the citizen wrote, masked")
    call_back: CallBackState


class CallBackList(Page):
    """A page of the list; `next` leads to the following one."""

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {"call_backs": [{"demand": DEMAND, "text": TEXT, "call_back": _STATE}], "next": "AAAA"}
        )
    )

    call_backs: list[DueCallBack]


def routes(desk: CaseHandler, staff: Callable[..., Awaitable[Person]]) -> APIRouter:
    """The route that lists the call-backs that are due."""
    router = APIRouter(tags=["routing"])
    By = Annotated[Person, Depends(staff)]  # noqa: N806 (a type)

    @router.get("/v1/call-backs")
    async def list_call_backs(
        by: By, request: Request, response: Response, after: Cursor = "", limit: Limit = 50
    ) -> CallBackList:
        """Whom to call now (回访), the longest waiting first: about answers that nobody has judged, and in which your
        unit had no part. `held_until` says that somebody calls already."""
        pack = pack_of(desk, by)
        require_caller(by, pack)
        async with desk.pool.acquire(timeout=5) as db:
            waiting, next_place = await queries.waiting(
                db, pack.id, by.unit, desk.clock(), moment(after, OLDEST), limit
            )
        cursor = next_place.as_cursor() if next_place else None
        link(cursor, request, response)
        return CallBackList(
            call_backs=[
                DueCallBack(demand=call_back.demand, text=call_back.text, call_back=call_back.state)
                for call_back in waiting
            ],
            next=cursor,
        )

    return router
