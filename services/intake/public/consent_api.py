"""What a citizen says to staff about publication, over HTTP: who entered it and who said so are kept."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends

from services.intake import demands
from services.intake.channels.channel import Channel
from services.intake.notes.api import Noted
from services.intake.notes.handler import NoteHandler, NoteReceipt, NoteRequest
from services.intake.notes.publication_commands import EnteredConsent, EnteredRefusal, HeardConsent, HeardRefusal
from services.intake.parameters import Key, Number
from services.intake.public.lookup import may_be_published
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.refusals import Code, Refused
from shared.identity.callers import Caller, Callers
from shared.identity.rights import READ, RECORD_CONSENT, RECORD_REFUSAL
from shared.jurisdiction.jurisdictions import Jurisdictions

_DESK: Final = "office:"
"""No channel has a colon in its id: what is entered at the desk has keys of its own, by unit and person."""


@dataclass(frozen=True, slots=True)
class ConsentDesk:
    """Records what staff enter for a citizen, as if the citizen had said it on the portal."""

    notes: NoteHandler
    callers: Callers
    packs: Jurisdictions

    async def record(self, number: str, key: str, consent: HeardConsent | HeardRefusal, by: Caller) -> NoteReceipt:
        """Record that the citizen agrees or refuses; raises `Refused`."""
        async with self.notes.pool.acquire(timeout=5) as db:
            demand = await demands.by_number(db, number)
        if demand is None or by.person is None or not self.callers.may(READ, by, demand):
            raise Refused(
                Code.NOT_FOUND, f"there is no demand {number} that you may see", f"没有编号为 {number} 的诉求"
            )
        agrees = isinstance(consent, HeardConsent)
        self.callers.require(RECORD_CONSENT if agrees else RECORD_REFUSAL, by, demand)
        may_be_published(self.packs.get(demand.jurisdiction), demand)
        desk = Channel(f"{_DESK}{by.person.unit}:{by.name}", ChannelKind.HOTLINE, frozenset())
        body = (EnteredConsent if agrees else EnteredRefusal)(said_by=consent.said_by, entered_by=by.name)
        return await self.notes.record(demand.id, NoteRequest(desk, key, body))


def routes(desk: ConsentDesk) -> APIRouter:
    """Enter what a citizen said."""
    router = APIRouter(tags=["contacts"], prefix="/v1/demands/{number}")
    By = Annotated[Caller, Depends(desk.callers)]  # noqa: N806 (a type)

    @router.post("/publication-consent/heard", status_code=201)
    async def record_consent(number: Number, body: HeardConsent, key: Key, by: By) -> Noted:
        """A citizen told you that the demand may be published; who entered it and who said so become part of its
        record. The citizen can take it back like any other yes."""
        receipt = await desk.record(number, key, body, by)
        return Noted(id=receipt.id, number=receipt.number, at=receipt.at)

    @router.post("/publication-refusal/heard", status_code=201)
    async def record_refusal(number: Number, body: HeardRefusal, key: Key, by: By) -> Noted:
        """A citizen told you that nothing of the demand may be published; what was is hidden at once. Who entered it
        and who said so become part of its record."""
        receipt = await desk.record(number, key, body, by)
        return Noted(id=receipt.id, number=receipt.number, at=receipt.at)

    return router
