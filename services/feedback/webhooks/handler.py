"""Handles the commands about webhooks: owners create, change and remove them, and send logged events again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from services.feedback.webhooks import log_queries, queries
from services.feedback.webhooks.addresses import AllowedAddresses, literal
from services.feedback.webhooks.commands import URL, ChangeWebhook, CreateWebhook, Redeliver, RotateSecret
from services.feedback.webhooks.documents import ShownWebhook, WebhookWithSecret
from services.feedback.webhooks.domain import DeliveryState, DisabledFor
from services.feedback.webhooks.log_queries import LoggedDelivery
from services.feedback.webhooks.message import TEST_TYPE, test_event
from services.feedback.webhooks.permissions import Owner
from services.feedback.webhooks.queries import NONE_WAITS, WebhookRow
from services.feedback.webhooks.signing import SecretBox, new_secret
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.refusals import Code, FieldError, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions

MOST: Final = 50
"""An owner has at most so many webhooks."""
_FILTERS: Final = ("types", "divisions", "categories", "channels")


@dataclass(frozen=True, slots=True)
class WebhookHandler:
    """Handles the commands of owners about their own webhooks; another owner's webhook is answered as if it did not
    exist."""

    pool: Pool
    packs: Jurisdictions
    box: SecretBox
    allowed: AllowedAddresses
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def create(self, command: CreateWebhook, owner: Owner) -> WebhookWithSecret:
        """Create a webhook; its secret is returned only here. Raises `Refused`."""
        self._check(command, owner)
        id, secret = self.new_id(), new_secret()
        row = WebhookRow(
            id=id, channel=owner.channel, jurisdiction=owner.jurisdiction, created_by=owner.name,
            created_at=self.clock(), url=command.url, description=command.description, types=command.types,
            divisions=command.divisions, categories=command.categories, channels=command.channels,
            secret=self.box.seal(id, secret), secret_previous=None, previous_until=None,
        )  # fmt: skip
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if len(await queries.of_owner(db, owner.channel, owner.jurisdiction)) >= MOST:
                raise Refused(
                    Code.CONFLICT,
                    f"{MOST} webhooks are the limit: remove one first",
                    f"最多 {MOST} 个推送订阅，请先删除不用的",
                )
            await queries.put(db, row)
        return WebhookWithSecret.with_secret(row, secret)

    async def list(self, owner: Owner) -> Sequence[ShownWebhook]:
        """The webhooks of the owner."""
        async with self.pool.acquire(timeout=5) as db:
            rows = await queries.of_owner(db, owner.channel, owner.jurisdiction)
            waiting = await queries.waiting(db, [row.id for row in rows])
        return [ShownWebhook.of(row, waiting.get(row.id, NONE_WAITS)) for row in rows]

    async def show(self, id: UUID, owner: Owner) -> ShownWebhook:
        """One webhook of the owner; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            row = await self._owned(db, id, owner)
            waiting = await queries.waiting(db, [id])
        return ShownWebhook.of(row, waiting.get(id, NONE_WAITS))

    async def change(self, id: UUID, command: ChangeWebhook, owner: Owner) -> ShownWebhook:
        """Change the fields that the command names; raises `Refused`."""
        self._check(command, owner)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            row = changed(await self._owned(db, id, owner), command, self.clock())
            await queries.put(db, row)
            waiting = await queries.waiting(db, [id])
        return ShownWebhook.of(row, waiting.get(id, NONE_WAITS))

    async def remove(self, id: UUID, owner: Owner) -> None:
        """Remove the webhook; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await self._owned(db, id, owner)
            await queries.remove(db, id)

    async def rotate(self, id: UUID, command: RotateSecret, owner: Owner) -> WebhookWithSecret:
        """Give the webhook a new secret, which is returned only here. The present one also signs for some hours. Raises
        `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            row, secret = rotated(await self._owned(db, id, owner), self.box, command.hours, self.clock())
            await queries.put(db, row)
        return WebhookWithSecret.with_secret(row, secret)

    async def test(self, id: UUID, owner: Owner) -> UUID:
        """Send the webhook a test event, which belongs to no demand; returns the id of the event."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await self._owned(db, id, owner)
            return await put_test(db, id, self.new_id(), self.clock())

    async def redeliver(self, id: UUID, command: Redeliver, owner: Owner) -> int:
        """Send logged events again; returns how many. Raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await self._owned(db, id, owner)
            return await redelivered(db, id, command, self.clock())

    async def log(
        self, id: UUID, owner: Owner, state: DeliveryState | None, number: str, before: int, limit: int
    ) -> Sequence[LoggedDelivery]:
        """The log of the webhook, the newest first; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await self._owned(db, id, owner)
            return await log_queries.deliveries(db, id, state, number, before, limit)

    async def _owned(self, db: Connection, id: UUID, owner: Owner) -> WebhookRow:
        row = await queries.locked(db, id)
        if row is None or not owner.owns(row):
            raise Refused(Code.NOT_FOUND, f"you have no webhook {id}", f"您没有推送订阅 {id}")
        return row

    def _check(self, command: CreateWebhook | ChangeWebhook, owner: Owner) -> None:
        if command.url:
            check_url(command.url, self.allowed)
        packs = [pack for pack in self.packs if owner.jurisdiction in (None, pack.id)]
        for code in command.divisions or ():
            if not any(pack.division(code) for pack in packs):
                raise _unknown("divisions", code, "division", "区划")
        for code in command.categories or ():
            if not any(pack.category(code) for pack in packs):
                raise _unknown("categories", code, "category", "类别")


def check_url(url: str, allowed: AllowedAddresses) -> None:
    """Raise `Refused` if the URL obviously leads to a forbidden address; the addresses of names are checked at each
    connection."""
    parts = urlsplit(url)
    address = literal(parts.hostname or "")
    if parts.scheme != "https" and not allowed.networks:
        raise _bad_url("use https://", "请使用 https://")
    rules = allowed if parts.scheme == "https" else allowed.only_networks
    is_local = (parts.hostname or "").rstrip(".").lower().endswith("localhost")
    if (address and not rules.allows(address)) or (is_local and not allowed.networks):
        en = f"{parts.hostname} is not an address on the internet; an operator can allow your own networks"
        raise _bad_url(
            f"{en} (HUYING_WEBHOOK_NETWORKS)",
            f"{parts.hostname} 不是公网地址；内网地址须由运维人员放行（HUYING_WEBHOOK_NETWORKS）",
        )


def changed(row: WebhookRow, command: ChangeWebhook, at: datetime) -> WebhookRow:
    """The webhook with the changes of the command; a webhook that is enabled again starts without failures."""
    filters = command.model_dump(include=command.model_fields_set & {"url", "description", *_FILTERS})
    changes = {name: value for name, value in filters.items() if value is not None or name in _FILTERS}
    row = replace(row, **changes)
    if command.enabled and row.disabled_at:
        return replace(row, disabled_at=None, disabled_for=None, failing_since=None)
    if command.enabled is False and not row.disabled_at:
        return replace(row, disabled_at=at, disabled_for=DisabledFor.OWNER)
    return row


def rotated(row: WebhookRow, box: SecretBox, hours: int, at: datetime) -> tuple[WebhookRow, str]:
    """The webhook with a new secret, and that secret; the one before also signs for some hours."""
    secret = new_secret()
    previous = row.secret if hours else None
    until = at + timedelta(hours=hours) if hours else None
    row = replace(row, secret=box.seal(row.id, secret), secret_previous=previous, previous_until=until)
    return row, secret


async def put_test(db: Connection, webhook: UUID, event: UUID, at: datetime) -> UUID:
    """Queue a test event; returns its id."""
    await log_queries.put_test(db, webhook, event, TEST_TYPE, test_event(event, webhook, at), at)
    return event


async def redelivered(db: Connection, webhook: UUID, command: Redeliver, at: datetime) -> int:
    """Queue logged events again; returns how many. Raises `Refused` if there is no such event."""
    if command.event:
        if not (count := await log_queries.redeliver_event(db, webhook, command.event, at)):
            en, zh = f"the log has no event {command.event}", f"推送日志中没有事件 {command.event}"
            raise Refused(Code.NOT_FOUND, en, zh, (FieldError("event", zh, en),))
        return count
    assert command.since
    return await log_queries.redeliver_since(db, webhook, command.since, command.until or at, command.only_failed, at)


def _unknown(field: str, code: str, en: str, zh: str) -> Refused:
    words_en, words_zh = f"there is no {en} {code!r}", f"没有{zh} {code!r}"
    return Refused(
        Code.INVALID, f"{field}: {words_en}", f"{field}：{words_zh}", (FieldError(field, words_zh, words_en),)
    )


def _bad_url(en: str, zh: str) -> Refused:
    return Refused(Code.INVALID, f"url: {en}", f"url：{zh}", (FieldError("url", zh, en, URL),))
