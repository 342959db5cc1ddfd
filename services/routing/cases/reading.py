"""Reads one case with everything that its handler needs to know."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.routing.call_backs import queries as call_backs
from services.routing.call_backs.domain import CallBackState
from services.routing.call_backs.permissions import may_call
from services.routing.cases import queries
from services.routing.cases.available import available
from services.routing.cases.clock import Clock, clock_of
from services.routing.cases.handler import CaseHandler
from services.routing.cases.permissions import readable
from services.routing.cases.timeline import TimelineEntry
from services.routing.publications.domain import PublicationState
from services.routing.publications.queries import state_of
from shared.contracts.demand.facts import Location
from shared.contracts.demand.state import Demand, Status
from shared.contracts.examples import DEMAND, TEXT, with_examples
from shared.contracts.wording import Identifier, by_citizen
from shared.identity.person import Person


class Related(BaseModel):
    """Another case, in a few words."""

    number: Annotated[str, Identifier("a demand's number")]
    title: Annotated[str, by_citizen()]
    status: Status


class Case(BaseModel):
    """A demand as its unit sees it, with all that was said of it since."""

    model_config = ConfigDict(json_schema_extra=with_examples({"demand": DEMAND, "text": TEXT}))

    demand: Demand
    text: str = Field(description="what the citizen wrote, masked")
    location: Location | None = Field(None, description="WGS-84 degrees, rounded to about ten metres")
    attachments: list[str] = Field([], description="ids of the files that came with the demand")
    timeline: list[TimelineEntry] = Field(
        [], description="oldest first: what the citizen added, every step with its reason, verdicts, failed messages"
    )
    merged: list[Related] = Field([], description="what was merged into it")
    similar: list[Related] = Field([], description="open cases of the same category in the same place")
    clock: Clock | None = Field(None, description="who held it when, and for how long")
    commands: list[str] = Field([], description="what whoever asks may do with it now")
    call_back: CallBackState | None = Field(
        None, description="who asks the citizen for a verdict, and what came of it; of an answer that waits for one"
    )
    publication: PublicationState = Field(PublicationState(), description="what is public of it, and what would be")


async def case_of(desk: CaseHandler, number: str, by: Person) -> Case:
    """A case with everything that this person may read of it; raises `Refused` as for an unknown number if the person
    may not read it."""
    async with desk.pool.acquire(timeout=5) as db:
        stored = await queries.case(db, number)
        demand, pack = readable(number, stored.demand if stored else None, by, desk.packs)
        assert stored
        merged = await queries.merged_into(db, demand.id)
        similar = await queries.similar(db, demand)
        publication = await state_of(db, demand.id, demand.title)
        is_waiting = demand.status is Status.RESOLVED and may_call(by, pack)
        call_back = await call_backs.state_of(db, demand) if is_waiting else None
    working_seconds = pack.due_times.working_seconds_between
    clock = (
        clock_of(demand.submitted_at, stored.status_facts, desk.clock(), working_seconds)
        if demand.submitted_at
        else None
    )
    return Case(
        demand=demand,
        text=stored.text,
        location=stored.location,
        attachments=list(stored.attachments),
        timeline=stored.timeline,
        merged=[Related.model_validate(dict(row)) for row in merged],
        similar=[Related.model_validate(dict(row)) for row in similar],
        clock=clock,
        commands=list(available(demand, by, pack, publication)),
        call_back=call_back,
        publication=publication,
    )
