"""Remembers which types of events any webhook wants, so that a deployment without webhooks words no events."""

from dataclasses import dataclass
from typing import Final

from shared.chassis.database.pool import Pool
from shared.chassis.work.periodic import every

EVERY: Final = 1.0
"""Seconds: a new webhook hears what is told from then on."""


@dataclass(slots=True)
class Interest:
    """The types that are wanted, such as `demand.resolved`; None: nobody has asked yet, so every event is worded.

    It only saves work. Which webhook gets an event is decided by the statement that writes it.
    """

    types: frozenset[str] | None = None
    every_type: bool = False

    def wants(self, type: str) -> bool:
        """Whether a webhook may want events of this type."""
        return self.types is None or self.every_type or type in self.types

    async def refresh(self, pool: Pool) -> None:
        """Ask the database."""
        async with pool.acquire(timeout=5) as db:
            rows = await db.fetch("SELECT DISTINCT unnest(coalesce(types, ARRAY['*'])) AS type FROM webhook")
        types = frozenset(row["type"] for row in rows)
        self.types, self.every_type = types, "*" in types

    async def keep(self, pool: Pool) -> None:
        """Ask each second, until cancelled."""
        await every(EVERY, lambda: self.refresh(pool), "the interest of webhooks")
