"""The HTTP route by which channels hand over the citizen's verdict."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.notes.api import Noted, spoken
from services.intake.notes.domain import Rate
from services.intake.notes.handler import NoteHandler, NoteRequest
from services.intake.parameters import Key, Number, SecretCode
from services.intake.tracking.lookup import DemandLookup
from shared.contracts.demand.state import Demand
from shared.jurisdiction.callback import NOBODY_CALLED
from shared.jurisdiction.jurisdictions import Jurisdictions


def routes(note_handler: NoteHandler, lookup: DemandLookup, packs: Jurisdictions) -> APIRouter:
    """The route that records a verdict."""
    router = APIRouter(tags=["intake"], prefix="/v1/demands")
    Speaker = Annotated[Channel, Depends(channel_with(note_handler.pool, "submit"))]  # noqa: N806 (a type)

    @router.post("/{number}/verdict", status_code=202)
    async def judge_demand(number: Number, body: Rate, key: Key, channel: Speaker, code: SecretCode = "") -> Noted:
        """Judge the answer (评价), once for each answer; what is not solved is reopened."""

        def require_tags(demand: Demand) -> None:
            pack = packs.of_division(demand.division)
            (pack.callback if pack else NOBODY_CALLED).require_tags(body.tags)

        return await spoken(note_handler, lookup, (number, code), NoteRequest(channel, key, body), require_tags)

    return router
