"""The HTTP routes of public demands, and of the citizen's refusal of publication."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.notes.api import Noted
from services.intake.notes.handler import NoteHandler, NoteRequest
from services.intake.notes.publication_commands import KeepPrivate, Publish
from services.intake.parameters import Key, Number, SecretCode
from services.intake.public.documents import PublicDemandList, PublicDemandView
from services.intake.public.lookup import PublicLookup, PublicQuestion, may_be_published
from services.intake.tracking.lookup import DemandLookup
from shared.chassis.http import pagination, response_headers
from shared.chassis.http.pagination import NEWEST, moment
from shared.contracts.text import Text

Where = Annotated[str, Query(max_length=64, description="a division: everything below it too")]
About = Annotated[str, Query(max_length=64, description="a category: everything below it too")]
Stands = Annotated[Literal["", "open", "ended"], Query(description="whether an answer is still owed")]
Words = Annotated[Text, Query(max_length=64, description="in title, text or answer; two characters or more")]
Id = Annotated[str | None, Query(max_length=64, description="a pack's id; the first one served when it is left out")]
Cursor = Annotated[str, Query(max_length=100, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=100)]
FRESH = {"Cache-Control": "no-cache"}
"""A withdrawn text must disappear at once, so caches have to revalidate before they show a copy."""


def routes(lookup: PublicLookup, notes: NoteHandler, theirs: DemandLookup) -> APIRouter:
    """The routes of public demands, and the refusal of publication for the citizen."""
    router = APIRouter(tags=["public"])
    Speaker = Annotated[Channel, Depends(channel_with(notes.pool, "submit"))]  # noqa: N806 (a type)

    @router.get("/v1/public/demands")
    async def list_public_demands(
        request: Request,
        response: Response,
        division: Where = "",
        category: About = "",
        status: Stands = "",
        words: Words = "",
        jurisdiction: Id = None,
        after: Cursor = "",
        limit: Limit = 20,
    ) -> PublicDemandList:
        """Released demands, the latest release first."""
        response_headers.add(FRESH)
        question = PublicQuestion(division, category, status, words)
        demands, next_place = await lookup.page(lookup.pack(jurisdiction), question, moment(after, NEWEST), limit)
        cursor = next_place.as_cursor() if next_place else None
        pagination.link(cursor, request, response)
        return PublicDemandList(demands=demands, next=cursor)

    @router.get("/v1/public/demands/{number}")
    async def get_public_demand(number: Number) -> PublicDemandView:
        """One demand as everybody may read it: until it is released, number, place, category and status."""
        response_headers.add(FRESH)
        _, view = await lookup.demand(number)
        return view

    @router.post("/v1/demands/{number}/publication-refusal", status_code=201, tags=["intake"])
    async def refuse_publication(
        number: Number, body: KeepPrivate, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Ask that nothing of the demand is published; what was is hidden at once, until the citizen agrees to it."""
        demand = await (theirs.by_code(number, code) if code else theirs.own(channel, number))
        receipt = await notes.record(demand.id, NoteRequest(channel, key, body))
        return Noted(id=receipt.id, number=receipt.number, at=receipt.at)

    @router.post("/v1/demands/{number}/publication-consent", status_code=201, tags=["intake"])
    async def agree_to_publication(
        number: Number, body: Publish, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Agree after all that the demand is published once it is answered; it takes back every refusal before it."""
        demand = await (theirs.by_code(number, code) if code else theirs.own(channel, number))
        may_be_published(lookup.packs.get(demand.jurisdiction), demand)
        receipt = await notes.record(demand.id, NoteRequest(channel, key, body))
        return Noted(id=receipt.id, number=receipt.number, at=receipt.at)

    return router
