"""Knows which types of events any webhook wants, so that a deployment without webhooks prepares no events."""

from dataclasses import dataclass
from typing import Final

from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

EVERY: Final = 1.0
"""Seconds between two reads; a new webhook gets events from the next read on."""


@dataclass(slots=True)
class Interest:
    """The wanted types, such as `demand.resolved`; None before the first read: then every event is prepared.

    This only saves work. The statement that inserts an event decides which webhooks get it.
    """

    types: frozenset[str] | None = None
    every_type: bool = False

    def wants(self, type: str) -> bool:
        """Whether a webhook may want events of this type."""
        return self.types is None or self.every_type or type in self.types

    async def refresh(self, pool: Pool) -> None:
        """Read the wanted types from the database."""
        async with pool.acquire(timeout=5) as db:
            rows = await db.fetch("SELECT DISTINCT unnest(coalesce(types, ARRAY['*'])) AS type FROM webhook")
        types = frozenset(row["type"] for row in rows)
        self.types, self.every_type = types, "*" in types

    async def keep(self, pool: Pool) -> None:
        """Read them each second, until cancelled."""
        await every(EVERY, lambda: self.refresh(pool), "the interest of webhooks")
