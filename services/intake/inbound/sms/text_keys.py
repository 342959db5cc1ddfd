"""Changes the master key of long text messages, parts of which may be on their way."""

from cryptography.exceptions import InvalidTag

from services.intake.channels.rotation import Rotated
from services.intake.inbound.sms import part_queries as queries
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool


async def rotate(pool: Pool, vault: Vault, done: Rotated) -> None:
    """Wrap with the current master what another one wraps, and count it in `done`; may be repeated."""
    async with pool.acquire(timeout=5) as db, db.transaction():
        for text, wrapped in await queries.lock_keys(db):
            try:
                key = vault.unwrap(text, wrapped)
            except InvalidTag:
                done.unopened += 1
            else:
                await queries.rewrap(db, text, vault.wrap(key))
