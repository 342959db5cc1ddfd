"""Gauges count demands in triage and overdue demands by jurisdiction."""

from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from services.routing.cases import overview_queries
from services.routing.cases.overview_queries import UnitLoad
from services.routing.gauges import GAUGES
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.work.table_gauges import TableGauges
from shared.contracts.demand import facts as f
from tests import story
from tests.routing.conftest import RoutingApi

TRIAGED = (*story.SUBMITTED, f.DemandTriaged(reason="no rule"))


def shown(name: str, jurisdiction: str) -> float | None:
    return REGISTRY.get_sample_value(f"huying_{name}", {"jurisdiction": jurisdiction})


async def test_demands_in_triage_are_counted_with_the_waiting_time_of_the_first(api: RoutingApi):
    await api.deliver(*TRIAGED, n=1)
    await api.deliver(*TRIAGED, n=2)
    await api.deliver(*story.ROUTED, n=3)
    figures = TableGauges("routing", api.pool, GAUGES)
    await figures.look()
    assert shown("triage_demands", "nanhai") == 2
    waited = datetime.now(UTC) - story.AT
    assert shown("triage_oldest_seconds", "nanhai") == pytest.approx(waited.total_seconds(), abs=86_400)
    await api.pool.execute("DELETE FROM demand")
    await figures.look()
    assert shown("triage_demands", "nanhai") is None


async def test_a_jurisdiction_with_many_in_triage_hides_no_other(api: RoutingApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(overview_queries, "COUNTED_UP_TO", 2)
    for n in range(1, 6):
        await api.deliver(*TRIAGED, n=n)
    update = "UPDATE demand SET state = jsonb_set(state, '{jurisdiction}', '\"zhanjiang\"') WHERE id::text LIKE '%5'"
    await api.pool.execute(update)
    await TableGauges("routing", api.pool, GAUGES).look()
    assert [shown("triage_demands", name) for name in ("nanhai", "zhanjiang")] == [2, 1]
    assert (shown("triage_oldest_seconds", "zhanjiang") or 0) > 0


async def test_open_and_overdue_demands_are_taken_from_the_counts_of_the_overview(database: str):
    async with await open_pool(database, "routing") as pool:
        await keep(pool, "nanhai", UnitLoad("a", 5, 2, 0, 0, 0, 0, datetime(2021, 1, 1, tzinfo=UTC)))
        await keep(pool, "other", UnitLoad("b", 3, 0, 0, 0, 0, 0, None))
        await TableGauges("routing", pool, GAUGES).look()
    assert [shown(f"{name}_demands", "nanhai") for name in ("open", "overdue")] == [5, 2]
    assert [shown(f"{name}_demands", "other") for name in ("open", "overdue")] == [3, 0]
    age = (datetime.now(UTC) - datetime(2021, 1, 1, tzinfo=UTC)).total_seconds()
    assert shown("overdue_oldest_seconds", "nanhai") == pytest.approx(age, abs=600)
    assert shown("overdue_oldest_seconds", "other") == 0


async def keep(pool: Pool, jurisdiction: str, load: UnitLoad) -> None:
    async with pool.acquire() as db, db.transaction():
        await overview_queries.store_counts(db, jurisdiction, [load], datetime.now(UTC))
