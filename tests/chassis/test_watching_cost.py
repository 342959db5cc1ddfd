"""What those who watch ask again and again reads a part of a table, however much waits in it."""

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
def a_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions look at fewer rows than usual, so that the tables need not be large to show it."""
    ours = [module for name, module in sys.modules.items() if name.startswith(("services.", "shared.chassis."))]
    for module in ours:
        for bound in BOUNDS & vars(module).keys():
            monkeypatch.setattr(module, bound, PART)


@pytest.mark.parametrize("service", SERVICE_NAMES)
@pytest.mark.usefixtures("a_part")
async def test_no_question_of_those_who_watch_reads_a_whole_table(database: str, service: str):
    async with await open_pool(database, service) as pool, pool.acquire() as db:
        await fill(db, service, MANY)
        for name, ask in monitoring_queries(service, pool):
            explained = Explained(db)
            await ask(cast(Connection, explained))
            most = max(explained.rows.values(), default=0)
            assert most <= 20 * PART, f"{service}: {name} reads {explained.rows} of {MANY} rows"
