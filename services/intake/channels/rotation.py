"""Changes the master key: every key is wrapped anew, while contacts are taken and shown."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag

from services.intake.channels import queries as registry_queries
from services.intake.channels.gateway_settings import reference_of
from services.intake.vault import queries
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool

AT_ONCE: Final = 1000
_FIRST: Final = UUID(int=0)


@dataclass(slots=True)
class Rotated:
    """How many keys were wrapped anew, and those that neither master opens."""

    count: int = 0
    unopened: int = 0


async def rotate(pool: Pool, vault: Vault) -> Rotated:
    """Wrap with the current master what another one wraps; may be interrupted and repeated."""
    done, after = Rotated(), _FIRST
    while last := await _rotate_some(pool, vault, done, after):
        after = last
    await _rotate_channels(pool, vault, done)
    return done


async def _rotate_some(pool: Pool, vault: Vault, done: Rotated, after: UUID) -> UUID | None:
    async with pool.acquire(timeout=5) as db, db.transaction():
        rows = await queries.lock_wrapped_otherwise(db, vault.mark, after, AT_ONCE)
        fresh = []
        for id, wrapped in rows:
            try:
                fresh.append((id, vault.wrap(vault.unwrap(id, wrapped))))
            except InvalidTag:
                done.unopened += 1
        await queries.rewrap(db, fresh, vault.mark)
    done.count += len(fresh)
    return rows[-1][0] if rows else None


async def _rotate_channels(pool: Pool, vault: Vault, done: Rotated) -> None:
    """The secrets of gateways; there are few, and their keys do not say which master wraps them."""
    async with pool.acquire(timeout=5) as db, db.transaction():
        for channel, wrapped in await registry_queries.lock_keys(db):
            try:
                key = vault.unwrap(reference_of(channel), wrapped)
            except InvalidTag:
                done.unopened += 1
            else:
                await registry_queries.rewrap(db, channel, vault.wrap(key))
