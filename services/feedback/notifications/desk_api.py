"""Messages over HTTP, for the desk's pages: lists, one message, another try, an end."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.feedback.gateways.rendering import LINK
from services.feedback.notifications.message_desk import GatewayHealth, MessageDesk
from services.feedback.notifications.queries import MessageRow
from shared.chassis.http.response_headers import PRIVATE
from shared.contracts.text import Text
from shared.contracts.wording import by_office
from shared.identity.bearer import bearer
from shared.identity.person import Person

Listed = Literal["waiting", "unknown", "failed", "sent", "over"]
Number = Annotated[str, Query(max_length=40)]


class MessageEntry(BaseModel):
    """A message without its links: whoever has one acts for the citizen."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    position: int
    number: str
    template: str
    state: str
    waits: str
    via: str
    reference: str
    attempts: int
    cause: str
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None
    text: str

    @classmethod
    def of(cls, row: MessageRow) -> "MessageEntry":
        """As the desk sees it."""
        entry = cls.model_validate(row)
        return entry.model_copy(update={"text": LINK.sub("［链接］", entry.text)})


class GatewayEntry(BaseModel):
    """A gateway and why it is given nothing, where it rests."""

    name: str
    waiting: int
    rests_since: datetime | None = None
    cause: str = ""

    @classmethod
    def of(cls, health: GatewayHealth) -> "GatewayEntry":
        """As the desk sees it."""
        rests = health.rests
        known = {"rests_since": rests.opened_at, "cause": rests.cause} if rests else {}
        return cls.model_validate({"name": health.name, "waiting": health.waiting} | known)


class MessagePage(BaseModel):
    """A page, the newest first; `before` of the next one, null on the last."""

    messages: list[MessageEntry]
    before: int | None
    counts: dict[str, int]
    gateways: list[GatewayEntry]


class Decision(BaseModel):
    """Why somebody sends a message again, or gives it up; whether it may come twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: Annotated[Text, Field(min_length=1, max_length=500), by_office(500)]
    although_unknown: bool = False


def routes(desk: MessageDesk, read: Callable[[str], Awaitable[Person]]) -> APIRouter:
    """Addresses of the desk's pages, which stand in no document: programs have `huying notifications`."""
    router = APIRouter(include_in_schema=False, prefix="/v1/messages")

    async def person(token: Annotated[str, Depends(bearer)], response: Response) -> Person:
        response.headers.update(PRIVATE)
        return await read(token)

    By = Annotated[Person, Depends(person)]  # noqa: N806 (a type)

    @router.get("")
    async def list_messages(
        by: By,
        listed: Annotated[Listed, Query(alias="list")] = "waiting",
        number: Number = "",
        before: int | None = None,
    ) -> MessagePage:
        """A list by its name; with a number all messages about that demand."""
        message_page = await desk.page(by, listed, number, before)
        return MessagePage(
            messages=[MessageEntry.of(row) for row in message_page.rows],
            before=message_page.rows[-1].position if message_page.older else None,
            counts=dict(message_page.counts),
            gateways=[GatewayEntry.of(health) for health in message_page.gateways],
        )

    @router.get("/{id}")
    async def get_message(id: UUID, by: By) -> MessageEntry:
        """One message."""
        return MessageEntry.of(await desk.one(by, id))

    @router.post("/{id}/retry", status_code=204)
    async def retry_message(id: UUID, decision: Decision, by: By) -> None:
        """Send it once more."""
        await desk.retry(by, id, decision.why, decision.although_unknown)

    @router.post("/{id}/cancel", status_code=204)
    async def cancel_message(id: UUID, decision: Decision, by: By) -> None:
        """Never send it."""
        await desk.cancel(by, id, decision.why)

    return router
