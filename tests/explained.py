"""How many rows a question reads, by the plan that the database follows."""

import json
from dataclasses import dataclass
from typing import Any

from shared.chassis.database.pool import Connection


@dataclass
class Explained:
    """A connection that counts the rows of a table which its questions read."""

    db: Connection
    table: str
    read: int = 0

    async def fetch(self, sql: str, *values: Any) -> Any:
        await self._explain(sql, *values)
        return await self.db.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: Any) -> Any:
        await self._explain(sql, *values)
        return await self.db.fetchrow(sql, *values)

    async def _explain(self, sql: str, *values: Any) -> None:
        plan = json.loads(await self.db.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values))[0]["Plan"]
        self.read += self._rows(plan)

    def _rows(self, plan: dict[str, Any]) -> int:
        below = sum(self._rows(part) for part in plan.get("Plans", ()))
        if plan.get("Relation Name") != self.table:
            return below
        return below + round((plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"])
