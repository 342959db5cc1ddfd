"""Changes the master key: wraps every key again, while the vault stays in use."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from cryptography.exceptions import InvalidTag

from services.intake.channels import queries as registry_queries
from services.intake.channels.gateway_settings import reference_of
from services.intake.vault import queries
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Connection, Pool

AT_ONCE: Final = 1000
_FIRST: Final = UUID(int=0)
T = TypeVar("T")


@dataclass(slots=True)
class Rotated:
    """How many keys were wrapped again, and how many keys neither master key opens."""

    count: int = 0
    unopened: int = 0


async def rotate(pool: Pool, vault: Vault) -> Rotated:
    """Wrap all keys that another master key wraps with the current one; may be interrupted and repeated."""
    done, after = Rotated(), _FIRST
    while last := await _rotate_some(pool, vault, done, after):
        after = last
    await rotate_few(pool, vault, done, registry_queries.lock_keys, registry_queries.rewrap, reference_of)
    return done


async def rotate_few(
    pool: Pool,
    vault: Vault,
    done: Rotated,
    lock: Callable[[Connection], Awaitable[Sequence[tuple[T, bytes]]]],
    rewrap: Callable[[Connection, T, bytes], Awaitable[None]],
    reference: Callable[[T], UUID],
) -> None:
    """Wrap the few keys that `lock` returns, which do not say which master key wraps them.

    `reference` gives the name to which a key is bound. Keys that neither master key opens are counted in `done`.
    """
    async with pool.acquire(timeout=5) as db, db.transaction():
        for owner, wrapped in await lock(db):
            try:
                key = vault.unwrap(reference(owner), wrapped)
            except InvalidTag:
                done.unopened += 1
            else:
                await rewrap(db, owner, vault.wrap(key))


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
