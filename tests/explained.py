"""Measures from EXPLAIN how many rows of each table a query reads, and how long it takes."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from shared.chassis.database.pool import Connection


@dataclass
class Explained:
    """A connection that counts the rows that its queries read from each table; `read` returns those of `table`."""

    db: Connection
    table: str = ""
    rows: Counter[str] = field(default_factory=Counter)
    milliseconds: float = 0.0
    """How long the database took for all queries."""
    buffers: int = 0
    """Pages that it read, from memory and from disk."""

    @property
    def read(self) -> int:
        """The rows of `table`."""
        return self.rows[self.table]

    async def fetch(self, sql: str, *values: Any) -> Any:
        await self._explain(sql, *values)
        return await self.db.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        await self._explain(sql, *values)
        return await self.db.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: Any) -> Any:
        await self._explain(sql, *values)
        return await self.db.fetchval(sql, *values)

    async def _explain(self, sql: str, *values: Any) -> None:
        ((answer,),) = await self.db.fetch(f"EXPLAIN (ANALYZE, TIMING OFF, BUFFERS, FORMAT JSON) {sql}", *values)
        (plan,) = json.loads(answer)
        self.milliseconds += plan["Planning Time"] + plan["Execution Time"]
        self.buffers += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        self._count(plan["Plan"])

    def _count(self, plan: dict[str, Any]) -> None:
        for part in plan.get("Plans", ()):
            self._count(part)
        if table := plan.get("Relation Name"):
            left_out = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
            self.rows[table] += round((plan["Actual Rows"] + left_out) * plan["Actual Loops"])
