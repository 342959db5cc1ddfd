"""The queries of `make bench` run on a few cases, so that they keep working."""

from services.routing.cases import worklists
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import BEGINNING, List
from shared.chassis.database.pool import open_pool
from tests.bench import cases
from tests.packs import nanhai


async def test_every_query_of_the_desk_works_on_the_cases_of_the_bench(database: str):
    await cases.fill(database, 4_000)
    async with await open_pool(database, "routing", size=1) as pool:
        figures = await cases.asked(pool, times=2)
        assert {f"station: {name} by due" for name in List} <= figures.keys()
        desk = cases.desk_of(["town-440605011000"], nanhai())
        async with pool.acquire() as db:
            counts = await worklists.counts(db, desk)
            for name in List:
                shown, _ = await worklists.page(db, desk, name, "due", Filters(), BEGINNING, 999)
                assert len(shown) == counts[name], name
        assert sum(count > 0 for count in counts.values()) >= 10
