"""Changes the master key of long text messages whose parts may still be coming."""

from services.intake.channels.rotation import Rotated, rotate_few
from services.intake.inbound.sms import part_queries as queries
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool


async def rotate(pool: Pool, vault: Vault, done: Rotated) -> None:
    """Wrap the keys that another master key wraps with the current one; may be repeated. Keys that neither opens are
    counted in `done`."""
    await rotate_few(pool, vault, done, queries.lock_keys, queries.rewrap, lambda text: text)
