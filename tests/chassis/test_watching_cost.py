"""Monitoring queries read a bounded part of a table, however many rows wait in it."""

import sys
from typing import cast

import pytest

from deploy.cli.services import SERVICE_NAMES
from shared.chassis.database.pool import Connection, open_pool
from tests.explained import Explained
from tests.watched_tables import fill, monitoring_queries

MANY, PART = 8_000, 20
BOUNDS = {"COUNTED_UP_TO", "LOOKED_AT"}


@pytest.fixture
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits of the queries, so that small tables are enough for the test."""
    modules = [module for name, module in sys.modules.items() if name.startswith(("services.", "shared.chassis."))]
    for module in modules:
        for bound in BOUNDS & vars(module).keys():
            monkeypatch.setattr(module, bound, PART)


@pytest.mark.parametrize("service", SERVICE_NAMES)
@pytest.mark.usefixtures("low_limits")
async def test_no_monitoring_query_reads_a_whole_table(database: str, service: str):
    async with await open_pool(database, service) as pool, pool.acquire() as db:
        await fill(db, service, MANY)
        for name, ask in monitoring_queries(service, pool):
            explained = Explained(db)
            await ask(cast(Connection, explained))
            most = max(explained.rows.values(), default=0)
            assert most <= 20 * PART, f"{service}: {name} reads {explained.rows} of {MANY} rows"
