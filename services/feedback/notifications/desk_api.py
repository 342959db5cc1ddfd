"""The HTTP routes for the desk's pages about messages: list, show, send again, cancel."""

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
    """A message as the desk shows it. Its links are hidden, because whoever has a link acts for the citizen."""

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
        """The entry of a message."""
        entry = cls.model_validate(row)
        return entry.model_copy(update={"text": LINK.sub("［链接］", entry.text)})


class GatewayEntry(BaseModel):
    """A gateway, how many messages it has, and since when and why its circuit is open."""

    name: str
    waiting: int
    rests_since: datetime | None = None
    cause: str = ""

    @classmethod
    def of(cls, health: GatewayHealth) -> "GatewayEntry":
        """The entry of a gateway."""
        rests = health.rests
        circuit = {"rests_since": rests.opened_at, "cause": rests.cause} if rests else {}
        return cls.model_validate({"name": health.name, "waiting": health.waiting} | circuit)


class MessagePage(BaseModel):
    """A page of messages, the newest first; `before` is the cursor of the next page, null on the last one."""

    messages: list[MessageEntry]
    before: int | None
    counts: dict[str, int]
    gateways: list[GatewayEntry]


class Decision(BaseModel):
    """The reason of a person who sends a message again or cancels it, and whether the message may arrive twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: Annotated[Text, Field(min_length=1, max_length=500), by_office(500)]
    although_unknown: bool = False


def routes(desk: MessageDesk, read: Callable[[str], Awaitable[Person]]) -> APIRouter:
    """The routes for the desk's pages. They are not in the API document: programs use `huying notifications`."""
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
        """The messages of a list; with `number`, all messages about that demand."""
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
        """Send the message once more."""
        await desk.retry(by, id, decision.why, decision.although_unknown)

    @router.post("/{id}/cancel", status_code=204)
    async def cancel_message(id: UUID, decision: Decision, by: By) -> None:
        """Cancel the message: it is never sent."""
        await desk.cancel(by, id, decision.why)

    return router
