"""The HTTP routes of webhooks, for channels with their keys and for administrators with their tokens."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from services.feedback.webhooks import documents as d
from services.feedback.webhooks.commands import ChangeWebhook, CreateWebhook, Redeliver, RotateSecret
from services.feedback.webhooks.domain import DeliveryState
from services.feedback.webhooks.handler import WebhookHandler
from services.feedback.webhooks.introspection import IntrospectionClient
from services.feedback.webhooks.permissions import Owner, channel_owner, no_credential, staff_owner
from shared.chassis.http import pagination, response_headers
from shared.contracts.text import Text
from shared.jurisdiction.jurisdictions import Jurisdictions

_KEY = APIKeyHeader(
    name="X-API-Key", auto_error=False, description="the channel's key, with the scope `webhooks` / 渠道密钥"
)
_STAFF = HTTPBearer(auto_error=False, description="the token of an administrator / 管理员凭证")
WebhookId = Annotated[UUID, Path(description="the webhook's id", examples=[d.WEBHOOK_ID])]
State = Annotated[DeliveryState | None, Query(description="only these")]
Number = Annotated[Text, Query(max_length=40, description="only those of the demand of this number")]
After = Annotated[Text, Query(max_length=100, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200)]
_NEWEST: Final = 2**62


@dataclass(frozen=True, slots=True, eq=False)
class OwnerReader:
    """Finds the owner of a request: a channel by its key, or an administrator by a token."""

    introspection: IntrospectionClient
    packs: Jurisdictions

    async def __call__(
        self,
        key: Annotated[str | None, Security(_KEY)] = None,
        authorization: Annotated[str, Header(include_in_schema=False)] = "",
        _documented: Annotated[object, Depends(_STAFF)] = None,
    ) -> Owner:
        response_headers.add(response_headers.PRIVATE)
        if key:
            return channel_owner(await self.introspection.channel(key))
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise no_credential()
        return staff_owner(await self.introspection.person(token), self.packs)


WhoAsks = Callable[..., Awaitable[Owner]]


def routes(webhooks: WebhookHandler, owners: WhoAsks) -> APIRouter:
    """The routes of webhooks."""
    router = APIRouter(tags=["webhooks"], prefix="/v1/webhooks")
    By = Annotated[Owner, Depends(owners)]  # noqa: N806 (a type)

    @router.get("")
    async def list_webhooks(by: By) -> d.WebhookList:
        """The webhooks of the channel, or of the administrator's jurisdiction, with how they do."""
        return d.WebhookList(webhooks=tuple(await webhooks.list(by)))

    @router.post("", status_code=201)
    async def create_webhook(command: CreateWebhook, by: By) -> d.WebhookWithSecret:
        """Let events be sent to an address, signed by Standard Webhooks; the secret is shown this once.

        It hears what happens from about a second later; what happened before is in `GET /v1/events`.
        """
        return await webhooks.create(command, by)

    @router.get("/{webhook}")
    async def get_webhook(webhook: WebhookId, by: By) -> d.ShownWebhook:
        """One webhook, with what is wrong with it and what to do."""
        return await webhooks.show(webhook, by)

    @router.patch("/{webhook}")
    async def change_webhook(webhook: WebhookId, command: ChangeWebhook, by: By) -> d.ShownWebhook:
        """Change its address or its filters, disable it, or enable it again: then what waits is sent in order."""
        return await webhooks.change(webhook, command, by)

    @router.delete("/{webhook}", status_code=204)
    async def remove_webhook(webhook: WebhookId, by: By) -> None:
        """Send it nothing more, and forget what waits."""
        await webhooks.remove(webhook, by)

    _deliveries(router, webhooks, By)
    return router


def _deliveries(router: APIRouter, webhooks: WebhookHandler, By: Any) -> None:  # noqa: N803 (a type)
    @router.post("/{webhook}/rotation")
    async def rotate_webhook_secret(webhook: WebhookId, command: RotateSecret, by: By) -> d.WebhookWithSecret:
        """Give it another secret, shown this once; the present one signs beside it for the hours that are named."""
        return await webhooks.rotate(webhook, command, by)

    @router.post("/{webhook}/test", status_code=202)
    async def test_webhook(webhook: WebhookId, by: By) -> d.WebhookTest:
        """Send it an event of the type `webhook.test`; the log says what became of it."""
        return d.WebhookTest(event=await webhooks.test(webhook, by))

    @router.post("/{webhook}/redeliveries", status_code=202)
    async def redeliver_events(webhook: WebhookId, command: Redeliver, by: By) -> d.Redelivered:
        """Send one event again, or all of a span of time, by the same ids and in the same order."""
        return d.Redelivered(deliveries=await webhooks.redeliver(webhook, command, by))

    @router.get("/{webhook}/deliveries")
    async def list_webhook_deliveries(
        webhook: WebhookId, by: By, request: Request, response: Response,
        state: State = None, number: Number = "", after: After = "", limit: Limit = 50,
    ) -> d.DeliveryLog:  # fmt: skip
        """The deliveries of the webhook, the newest first: how often each was tried, and the answers."""
        before = pagination.read(after, _position) if after else _NEWEST
        deliveries = await webhooks.log(webhook, by, state, number, before, limit + 1)
        cursor = (
            pagination.cursor_of(deliveries[limit - 1].position.to_bytes(8, "big")) if len(deliveries) > limit else None
        )
        pagination.link(cursor, request, response)
        return d.DeliveryLog(next=cursor, deliveries=tuple(map(d.ShownDelivery.of, deliveries[:limit])))


def _position(place: bytes) -> int:
    position = int.from_bytes(place, "big")
    if len(place) != 8 or position > _NEWEST:
        raise ValueError("is not a cursor")
    return position
