"""The HTTP route that shows who held a case, and for how long."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.routing.cases import queries
from services.routing.cases.clock import Clock, clock_of
from services.routing.cases.commands_api import Number
from services.routing.cases.handler import CaseHandler
from services.routing.cases.permissions import not_found, readable
from shared.identity.person import Person


def clock_routes(desk: CaseHandler, staff: Callable[..., Any]) -> APIRouter:
    """The route that shows the clock of a case; `staff` finds the person of a token."""
    router = APIRouter(tags=["routing"], prefix="/v1/cases")

    @router.get("/{number}/clock")
    async def get_case_clock(number: Number, by: Annotated[Person, Depends(staff)]) -> Clock:
        """Who held a case, for what, and how long: every hop of its life, and the sum for each holder."""
        return await case_clock(desk, number, by, desk.clock())

    return router


async def case_clock(desk: CaseHandler, number: str, by: Person, now: datetime) -> Clock:
    """The clock of a case that this person may read; raises `Refused`."""
    async with desk.pool.acquire(timeout=5) as db:
        demand, pack = readable(number, await queries.by_number(db, number), by, desk.packs)
        if demand.submitted_at is None:
            raise not_found(number)
        facts = await queries.status_facts(db, demand.id)
    return clock_of(demand.submitted_at, facts, now, pack.due_times.working_seconds_between)
