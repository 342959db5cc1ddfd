"""The citizen's voice over HTTP: supplement, urge, support, withdraw, sight again; and what a channel handed in."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.intake import voices as v
from services.intake.api import Key, Number, Progress, SecretCode, progress
from services.intake.channels import channel_with
from services.intake.following import Following
from services.intake.hearing import Heard, Hearing, Said
from services.intake.queries import Channel
from shared.contracts.demand import Demand
from shared.contracts.refusals import Code, FieldError, Refused

Cursor = Annotated[str, Query(max_length=64, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]


class Noted(BaseModel):
    """What was said is kept; the same key gives the same answer."""

    id: UUID
    number: str = Field(examples=["NH21-001335-K"])
    at: datetime


class Listed(BaseModel):
    """A page of demands, newest first."""

    demands: list[Progress]
    next: str | None = Field(description="cursor of the next page; also in the Link header")


def routes(hearing: Hearing, following: Following) -> APIRouter:
    """The routes of a demand's later life."""
    router = APIRouter(tags=["intake"], prefix="/v1/demands")
    Speaker = Annotated[Channel, Depends(channel_with(hearing.pool, "submit"))]  # noqa: N806 (a type)

    async def say(number: str, code: str, said: Said) -> Noted:
        demand = await (following.by_code(number, code) if code else following.own(said.channel, number))
        return _noted(await hearing.hear(demand.id, said))

    @router.get("")
    async def listed(
        channel: Speaker, request: Request, response: Response, after: Cursor = "", limit: Limit = 50
    ) -> Listed:
        """What this channel handed in, newest first."""
        page = _page(await following.listed(channel, _read(after), limit), limit)
        if page.next:
            url = request.url.include_query_params(after=page.next, limit=limit)
            response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return page

    @router.post("/{number}/supplements", status_code=201)
    async def supplement(
        number: Number, body: v.Supplement, key: Key, channel: Speaker, code: SecretCode = ""
    ) -> Noted:
        """Add something to a demand of this channel, or of any channel with its code."""
        return await say(number, code, Said(channel, key, body))

    @router.post("/{number}/urges", status_code=201)
    async def urge(number: Number, body: v.Urge, key: Key, channel: Speaker, code: SecretCode = "") -> Noted:
        """Ask to hurry (催办)."""
        return await say(number, code, Said(channel, key, body))

    @router.post("/{number}/withdrawal", status_code=202)
    async def withdraw(number: Number, body: v.Withdraw, key: Key, channel: Speaker, code: SecretCode = "") -> Noted:
        """Ask for the demand to be taken back; it is withdrawn unless it has been answered meanwhile."""
        return await say(number, code, Said(channel, key, body))

    @router.post("/{number}/supports", status_code=201)
    async def support(number: Number, body: v.Support, key: Key, channel: Speaker) -> Noted:
        """Another citizen has the same demand, whichever channel took it in."""
        demand = await following.known(number)
        return _noted(await hearing.hear(demand.id, Said(channel, key, body)))

    @router.post("/{number}/sightings", status_code=201)
    async def sight(number: Number, body: v.Sighting, channel: Speaker) -> Noted:
        """The same matter reached this channel too: its reference stands for the demand from now on."""
        demand = await following.known(number)
        return _noted(await hearing.sight(demand.id, channel, body))

    return router


def _noted(heard: Heard) -> Noted:
    return Noted(id=heard.id, number=heard.number, at=heard.at)


def _page(demands: list[Demand], limit: int) -> Listed:
    last = urlsafe_b64encode(demands[-1].id.bytes).decode().rstrip("=") if len(demands) == limit else None
    return Listed(demands=[progress(demand) for demand in demands], next=last)


def _read(cursor: str) -> UUID | None:
    if not cursor:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(cursor + "=="))
    except ValueError:
        error = FieldError("after", "不是本接口给出的游标", "is no cursor: send `next` of the page before, unchanged")
        raise Refused(Code.INVALID, f"after: {error.en}", error.zh, (error,)) from None
