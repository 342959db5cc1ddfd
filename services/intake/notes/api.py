"""The citizen's voice over HTTP: supplement, urge, support, withdraw, sight again; and what a channel handed in."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.notes import domain as v
from services.intake.notes.handler import NoteHandler, NoteReceipt, NoteRequest
from services.intake.parameters import Key, Number, SecretCode
from services.intake.tracking import pagination
from services.intake.tracking.documents import Progress
from services.intake.tracking.lookup import DemandLookup
from services.intake.tracking.pagination import Cursor, Limit
from services.intake.tracking.story import StoryReader
from shared.chassis.http.pagination import Page
from shared.contracts.demand.state import Demand
from shared.contracts.examples import CURSOR, NUMBER, PROGRESS, shown
from shared.contracts.text import Text

OwnReference = Annotated[
    Text,
    Query(max_length=128, description="this channel's own reference: that one demand alone"),
]


class Noted(BaseModel):
    """What was said is kept; the same key gives the same answer."""

    model_config = ConfigDict(json_schema_extra=shown(examples.NOTED))

    id: UUID
    number: str = Field(examples=[NUMBER])
    at: datetime


class Listed(Page):
    """A page of demands, newest first."""

    model_config = ConfigDict(json_schema_extra=shown({"demands": [PROGRESS], "next": CURSOR}))

    demands: list[Progress]


def routes(note_handler: NoteHandler, lookup: DemandLookup, stories: StoryReader) -> APIRouter:
    """The routes of a demand's later life."""
    router = APIRouter(tags=["intake"], prefix="/v1/demands")
    Speaker = Annotated[Channel, Depends(channel_with(note_handler.pool, "submit"))]  # noqa: N806 (a type)

    async def say(number: str, code: str, said: NoteRequest) -> Noted:
        return await spoken(note_handler, lookup, (number, code), said)

    @router.get("")
    async def list_demands(
        channel: Speaker,
        request: Request,
        response: Response,
        after: Cursor = "",
        limit: Limit = 50,
        external_id: OwnReference = "",
    ) -> Listed:
        """What this channel handed in or saw again, newest first; with `external_id` what its reference stands for."""
        if external_id:
            known = await lookup.referred(channel, note_handler.vault.reference(external_id))
            return Listed(demands=await stories.short([known]) if known else [], next=None)
        found = await lookup.listed(channel, pagination.read(after), limit + 1)
        return page(await stories.short(found), limit, request, response)

    @router.post("/{number}/supplements", status_code=201)
    async def supplement_demand(
        number: Number, body: v.Supplement, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Add something to a demand of this channel, or of any channel with its code."""
        return await say(number, code, NoteRequest(channel, key, body))

    @router.post("/{number}/urges", status_code=201)
    async def urge_demand(number: Number, body: v.Urge, key: Key, channel: Speaker, code: SecretCode = "") -> Noted:
        """Ask to hurry (催办)."""
        return await say(number, code, NoteRequest(channel, key, body))

    @router.post("/{number}/withdrawal", status_code=202)
    async def withdraw_demand(
        number: Number, body: v.Withdraw, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Ask for the demand to be taken back; it is withdrawn unless it has been answered meanwhile."""
        return await say(number, code, NoteRequest(channel, key, body))

    @router.post("/{number}/supports", status_code=201)
    async def support_demand(
        number: Number, body: v.Support, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Another citizen has the same demand, whichever channel took it in."""
        demand = await lookup.open_to(channel, number, code)
        return _noted(await note_handler.hear(demand.id, NoteRequest(channel, key, body)))

    @router.post("/{number}/sightings", status_code=201)
    async def sight_demand(number: Number, body: v.Sighting, channel: Speaker, code: SecretCode = "") -> Noted:
        """The same matter reached this channel too: its reference stands for the demand from now on."""
        demand = await lookup.open_to(channel, number, code)
        return _noted(await note_handler.sight(demand.id, channel, body))

    return router


async def spoken(
    note_handler: NoteHandler,
    lookup: DemandLookup,
    demand: tuple[str, str],
    said: NoteRequest,
    require: Callable[[Demand], None] = lambda _: None,
) -> Noted:
    """Say something about the demand of this number and code: as the citizen speaks who has the citizen's code, or the
    channel that the citizen came to. `require` refuses what cannot be said of that demand. Raises `Refused`."""
    number, code = demand
    known = await (lookup.by_code(number, code) if code else lookup.own(said.channel, number))
    require(known)
    return _noted(await note_handler.hear(known.id, said))


def page(demands: Sequence[Progress], limit: int, request: Request, response: Response) -> Listed:
    """A page of demands, of which one more than it may hold was read, with where the next one is if there is one."""
    shown_ones, last = pagination.cut(demands, limit)
    following = pagination.link(last.id if last else None, limit, request, response)
    return Listed(demands=list(shown_ones), next=following)


def _noted(heard: NoteReceipt) -> Noted:
    return Noted(id=heard.id, number=heard.number, at=heard.at)
