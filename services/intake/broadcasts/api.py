"""The HTTP routes of live broadcasts: open and close a programme, take demands in, list them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.broadcasts.handler import BroadcastHandler
from services.intake.broadcasts.queries import Programme
from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.parameters import Key
from services.intake.submission.api import NewDemand, Receipt, receipt
from services.intake.submission.secret_code import SecretCodes
from services.intake.tracking import pagination
from services.intake.tracking.list_api import Listed, page
from services.intake.tracking.pagination import Cursor, Limit
from services.intake.tracking.view import progress
from shared.chassis.http.pagination import Page
from shared.contracts.examples import CURSOR, with_examples
from shared.contracts.text import Text
from shared.contracts.wording import by_office, masked
from shared.masking import MASKS


class OpenProgramme(BaseModel):
    """Begin a live session."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra=with_examples({"title": "民声热线 2021年5月10日"})
    )

    title: Annotated[Text, Field(min_length=1, max_length=200, examples=["民声热线 2021年5月10日"]), by_office(200)]


class Session(BaseModel):
    """A live session; `closed_at` of null while it runs."""

    model_config = ConfigDict(json_schema_extra=with_examples(examples.SESSION))

    id: UUID
    title: str
    opened_at: datetime
    closed_at: datetime | None


class Sessions(Page):
    """A page of sessions, newest first."""

    model_config = ConfigDict(json_schema_extra=with_examples({"programmes": [examples.SESSION], "next": CURSOR}))

    programmes: list[Session]


def routes(programmes: BroadcastHandler, codes: SecretCodes) -> APIRouter:
    """The routes of broadcast channels."""
    router = APIRouter(tags=["inbound"], prefix="/v1/programmes")
    Studio = Annotated[Channel, Depends(channel_with(programmes.submissions.pool, "submit"))]  # noqa: N806 (a type)

    @router.post("", status_code=201)
    async def open_programme(body: OpenProgramme, key: Key, channel: Studio) -> Session:
        """Open a programme; the same key gives the same one."""
        return _session(await programmes.open(channel, key, masked(body, MASKS).title))

    @router.post("/{id}/close")
    async def close_programme(id: UUID, channel: Studio) -> Session:
        """Close a programme; what was taken in stays."""
        return _session(await programmes.close(channel, id))

    @router.post("/{id}/demands", status_code=201)
    async def submit_programme_demand(id: UUID, demand: NewDemand, key: Key, channel: Studio) -> Receipt:
        """Take a demand in that was raised during a programme."""
        return receipt(await programmes.take(channel, id, key, demand), codes)

    @router.get("")
    async def list_programmes(
        channel: Studio, request: Request, response: Response, after: Cursor = "", limit: Limit = 50
    ) -> Sessions:
        """This channel's programmes, newest first."""
        demands, last = pagination.cut(await programmes.listed(channel, pagination.read(after), limit + 1), limit)
        sessions = [_session(programme) for programme in demands]
        next_cursor = pagination.link(last.id if last else None, limit, request, response)
        return Sessions(programmes=sessions, next=next_cursor)

    @router.get("/{id}/demands")
    async def list_programme_demands(
        id: UUID, channel: Studio, request: Request, response: Response, after: Cursor = "", limit: Limit = 50
    ) -> Listed:
        """The demands of a programme, newest first."""
        demands = await programmes.demands(channel, id, pagination.read(after), limit + 1)
        return page([progress(demand) for demand in demands], limit, request, response)

    return router


def _session(programme: Programme) -> Session:
    return Session.model_validate(programme, from_attributes=True)
