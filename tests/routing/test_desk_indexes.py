"""Indexes of demands: a fact that does not move a case to another list updates no index."""

from uuid import UUID

from services.routing.cases.worklists import List
from shared.contracts.demand import facts as f
from tests import story
from tests.chassis.conftest import envelope
from tests.routing.conftest import RoutingApi

OFTEN_CHANGED = ("state", "version", "status", "urges", "supports", "words_at")


async def test_no_index_of_demands_uses_columns_that_every_fact_changes(api: RoutingApi):
    rows = await api.pool.fetch(
        """
        SELECT relname, array_agg(attname::text) AS columns
        FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
            JOIN pg_depend ON objid = indexrelid AND refobjid = indrelid AND refobjsubid > 0
            JOIN pg_attribute ON attrelid = indrelid AND attnum = refobjsubid
        WHERE indrelid = 'demand'::regclass GROUP BY relname
        """
    )
    assert len(rows) > len(List) - 4, "each list but those by due time and by assisting has one"
    for row in rows:
        assert not set(row["columns"]) & set(OFTEN_CHANGED), row["relname"]


async def test_a_call_and_progress_update_no_index(api: RoutingApi):
    routed = (story.SUBMISSION, f.DemandRouted(unit="nh-tax", rule="r", assisting=("nh-education",)))
    await api.deliver(*routed, f.DemandAccepted(by="陈"), n=1)
    key = UUID(int=1)
    async with api.pool.acquire() as db, db.transaction():
        for fact in (f.DemandContacted(by="陈"), f.DemandProgressed(by="陈", note="x")):
            work = await api.repository.load(db, [key], story.AT)
            work.apply(envelope(fact, work.state(key).version + 1, key))
            await api.repository.save(db, work)
        assert await db.fetchval("SELECT pg_stat_get_xact_tuples_hot_updated('demand'::regclass)") == 2
