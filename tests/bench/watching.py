"""`python -m tests.bench.watching [ROWS]`: the cost of monitoring queries with a million waiting rows in every table.

Every query of gauges, the doctor and the page of operations: milliseconds, pages and rows, the slowest first.
"""

import asyncio
import sys
from typing import cast

from rich.console import Console
from rich.table import Table

from deploy.cli.services import manifests
from shared.chassis.database.pool import Connection, open_pool
from tests.bench.alone import postgres
from tests.explained import Explained
from tests.watched_tables import fill, monitoring_queries

console = Console(width=110, highlight=False)


async def main(rows: int) -> None:
    """Fill the tables, run the queries, print the result."""
    table = Table("service", "question", "ms", "pages", "rows")
    costs = []
    async with postgres() as dsn:
        for service in manifests():
            async with await open_pool(dsn, service.name, size=2) as pool, pool.acquire() as db:
                await fill(db, service.name, rows)
                for name, ask in monitoring_queries(service.name, pool):
                    costs.append((service.name, name, await measured(db, ask)))
    for owner, name, cost in sorted(costs, key=lambda one: -one[2].milliseconds):
        read = ", ".join(f"{read} {count:,}" for read, count in cost.rows.most_common(3))
        table.add_row(owner, name, f"{cost.milliseconds:.1f}", f"{cost.buffers:,}", read)
    console.print(table)


async def measured(db: Connection, ask: object) -> Explained:
    """The second of two runs, as in a process that runs the query every twenty seconds."""
    for _ in range(2):
        explained = Explained(db)
        await ask(cast(Connection, explained))  # type: ignore[operator]
    return explained


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
