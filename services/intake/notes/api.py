"""The HTTP routes for notes: supplement, urge, support, withdraw, report a sighting."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.notes import domain as v
from services.intake.notes.handler import NoteHandler, NoteReceipt, NoteRequest
from services.intake.parameters import Key, Number, SecretCode
from services.intake.tracking.lookup import DemandLookup
from shared.contracts.demand.state import Demand
from shared.contracts.examples import NUMBER, with_examples


class Noted(BaseModel):
    """The note is stored; the same key gives the same answer."""

    model_config = ConfigDict(json_schema_extra=with_examples(examples.NOTED))

    id: UUID
    number: str = Field(examples=[NUMBER])
    at: datetime


def routes(note_handler: NoteHandler, lookup: DemandLookup) -> APIRouter:
    """The routes for notes about a demand."""
    router = APIRouter(tags=["intake"], prefix="/v1/demands")
    Speaker = Annotated[Channel, Depends(channel_with(note_handler.pool, "submit"))]  # noqa: N806 (a type)

    async def record_note(number: str, code: str, note_request: NoteRequest) -> Noted:
        return await spoken(note_handler, lookup, (number, code), note_request)

    @router.post("/{number}/supplements", status_code=201)
    async def supplement_demand(
        number: Number, body: v.Supplement, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Add something to a demand of this channel, or of any channel with its code."""
        return await record_note(number, code, NoteRequest(channel, key, body))

    @router.post("/{number}/urges", status_code=201)
    async def urge_demand(number: Number, body: v.Urge, key: Key, channel: Speaker, code: SecretCode = "") -> Noted:
        """Ask to hurry (催办)."""
        return await record_note(number, code, NoteRequest(channel, key, body))

    @router.post("/{number}/withdrawal", status_code=202)
    async def withdraw_demand(
        number: Number, body: v.Withdraw, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Ask for the demand to be taken back; it is withdrawn unless it has been answered meanwhile."""
        return await record_note(number, code, NoteRequest(channel, key, body))

    @router.post("/{number}/supports", status_code=201)
    async def support_demand(
        number: Number, body: v.Support, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Another citizen has the same demand, whichever channel took it in."""
        demand = await lookup.open_to(channel, number, code)
        return _noted(await note_handler.record(demand.id, NoteRequest(channel, key, body)))

    @router.post("/{number}/sightings", status_code=201)
    async def sight_demand(number: Number, body: v.Sighting, channel: Speaker, code: SecretCode = "") -> Noted:
        """The same matter reached this channel too: its reference stands for the demand from now on."""
        demand = await lookup.open_to(channel, number, code)
        return _noted(await note_handler.record_sighting(demand.id, channel, body))

    return router


async def spoken(
    note_handler: NoteHandler,
    lookup: DemandLookup,
    demand: tuple[str, str],
    note_request: NoteRequest,
    require: Callable[[Demand], None] = lambda _: None,
) -> Noted:
    """Record a note about the demand with this number and code, for the citizen who has the code or for the channel
    that took the demand in.

    `require` refuses notes that are not possible for that demand. Raises `Refused`.
    """
    number, code = demand
    known = await (lookup.by_code(number, code) if code else lookup.own(note_request.channel, number))
    require(known)
    return _noted(await note_handler.record(known.id, note_request))


def _noted(receipt: NoteReceipt) -> Noted:
    return Noted(id=receipt.id, number=receipt.number, at=receipt.at)
