"""Maintains webhooks: ends replaced secrets, and disables the webhooks of revoked channels."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from cryptography.exceptions import InvalidTag

from services.feedback.webhooks import queries
from services.feedback.webhooks.domain import DisabledFor
from services.feedback.webhooks.introspection import IntrospectionClient
from services.feedback.webhooks.queries import WebhookRow
from services.feedback.webhooks.signing import SecretBox
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.periodic import every
from shared.contracts.refusals import Refused

log = structlog.get_logger()
EVERY: Final = 15.0


@dataclass(frozen=True, slots=True)
class WebhookWatch:
    """Maintains webhooks periodically."""

    pool: Pool
    box: SecretBox
    introspection: IntrospectionClient
    clock: Callable[[], datetime] = now

    async def run(self) -> None:
        """Maintain webhooks until cancelled."""
        await every(EVERY, self.look, "watching webhooks")

    async def look(self) -> None:
        """Do all maintenance once."""
        async with self.pool.acquire(timeout=5) as db:
            await queries.forget_previous(db, self.clock())
            rows = await queries.every_webhook(db)
            await self._reseal(db, rows)
        await self._disable_revoked(rows)

    async def _reseal(self, db: Connection, rows: list[WebhookRow]) -> None:
        """Seal secrets with the present key, so that HUYING_SECRET_PREVIOUS can be removed."""
        for row in rows:
            if all(self.box.is_current(row.id, sealed) for sealed in row.sealed_secrets):
                continue
            try:
                sealed = [self.box.seal(row.id, self.box.open(row.id, secret)) for secret in row.sealed_secrets]
            except InvalidTag:
                continue  # the sender records this in the log of the webhook
            await queries.reseal(db, row, sealed[0], sealed[1] if len(sealed) > 1 else None)

    async def _disable_revoked(self, rows: list[WebhookRow]) -> None:
        """Disable the webhooks of channels whose key was revoked: whoever had the key may have created webhooks, and
        must not get more events."""
        channels = {row.channel for row in rows if row.channel and not row.disabled_at}
        if not channels:
            return
        try:
            valid = await self.introspection.good_channels(sorted(channels))
        except Refused as refused:
            log.warning("it is unknown which channels may have webhooks", kind="webhooks", cause=refused.en)
            return
        ids = [row.id for row in rows if row.channel in channels - valid]
        if ids:
            async with self.pool.acquire(timeout=5) as db:
                for id in await queries.disable(db, ids, DisabledFor.REVOKED, self.clock()):
                    log.warning("webhook disabled", webhook=str(id), why=DisabledFor.REVOKED)
