"""Changes the master key of long text messages, parts of which may be on their way."""

from services.intake.channels.rotation import Rotated, rotate_few
from services.intake.inbound.sms import part_queries as queries
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool


async def rotate(pool: Pool, vault: Vault, done: Rotated) -> None:
    """Wrap with the current master what another one wraps; may be repeated. `done` counts what neither opens."""
    await rotate_few(pool, vault, done, queries.lock_keys, queries.rewrap, lambda text: text)
