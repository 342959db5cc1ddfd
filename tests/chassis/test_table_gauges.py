"""Gauges over the tables of a service are right, computed by one process at a time, and within a time limit."""

import asyncio
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from aiokafka import TopicPartition
from prometheus_client import REGISTRY

from shared.chassis.base import metrics
from shared.chassis.base.metric_declarations import exposition
from shared.chassis.consumer.lag import Offsets
from shared.chassis.consumer.waiting import EndOffsetHistory
from shared.chassis.database import pool_gauges
from shared.chassis.database.pool import Connection, Pool, open_pool
from shared.chassis.process.service_gauges import gauges_of_service
from shared.chassis.relay.relay_cursor import unsent
from shared.chassis.work.table_gauges import Rows, TableGauge, TableGauges
from shared.contracts.envelope import unversioned
from tests import story
from tests.chassis.conftest import envelope
from tests.eventually import ended, eventually
from tests.journals import append

OURS = {"service": "reporting"}


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, OURS | labels)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    TableGauges("reporting", None, gauges_of_service("reporting", 2)).forget()  # type: ignore[arg-type]


async def append_facts(pool: Pool, number: int) -> None:
    """Append this many facts to the journal, each of another demand."""
    facts = (envelope(story.SUBMITTED[0], 1)._replace(id=uuid4(), key=UUID(int=n)) for n in range(number))
    async with pool.acquire() as db:
        await append(db, list(facts))


async def test_waiting_rows_of_a_service_are_counted_with_their_age(pool: Pool):
    figures = TableGauges("reporting", pool, gauges_of_service("reporting", 1))
    await figures.look()
    names = ("huying_dead_letters", "huying_parked_facts", "huying_timers_due", "huying_timers_late_seconds")
    assert [shown(name) for name in names] == [0, 0, 0, 0]
    assert shown("huying_relay_unsent_facts", shard="0") == 0
    await pool.execute(
        """
        INSERT INTO dead_letter (topic, partition, "offset", cluster_id, record, cause, happened_at, redriven_at)
        SELECT 't', 0, n, 'c', '', '', now() - make_interval(hours => n), CASE WHEN n > 2 THEN now() END
        FROM generate_series(1, 4) AS n
        """
    )
    await pool.execute(
        """
        INSERT INTO timer (kind, key, at, due_at)
        SELECT 'k', gen_random_uuid(), now(), now() + make_interval(mins => n) FROM generate_series(-5, 5) AS n
        """
    )
    await pool.execute(
        "INSERT INTO parked (aggregateid, sequence, record, since) VALUES ($1, 2, '', now() - interval '1 hour')",
        uuid4(),
    )
    await append_facts(pool, 3)
    await figures.look()
    assert [shown(name) for name in names[:3]] == [2, 1, 6]
    assert shown("huying_timers_late_seconds") == pytest.approx(300, abs=60)
    assert shown("huying_dead_letters_oldest_seconds") == pytest.approx(7200, abs=60)
    assert shown("huying_parked_oldest_seconds") == pytest.approx(3600, abs=60)
    assert shown("huying_relay_unsent_facts", shard="0") == 3


async def test_unsent_rows_are_counted_by_shard_after_its_cursor_up_to_a_limit(pool: Pool):
    await append_facts(pool, 30)
    async with pool.acquire() as db:
        counts = dict(await unsent(db, 2, 100))
        assert (sum(counts.values()), min(counts.values()) > 0) == (30, True)
        await db.execute("INSERT INTO relay_cursor (cluster_id, shards, shard, position) VALUES ('c', 2, 1, 1000)")
        assert dict(await unsent(db, 2, 100)) == {0: counts[0], 1: 0}
        assert dict(await unsent(db, 2, 3))[0] == 3


async def test_one_process_counts_and_another_takes_over_when_it_has_ended(pool: Pool):
    counting = [0, 0]

    def question(n: int) -> TableGauge:
        async def ask(_: Connection) -> Rows:
            counting[n] += 1
            return []

        return TableGauge((metrics.TIMERS_DUE,), ask)

    async def counted() -> list[int]:
        return counting

    first, second = (TableGauges("reporting", pool, [question(n)], pause=0.01) for n in range(2))
    task = asyncio.create_task(first.run())
    await eventually(counted, lambda found: found[0] > 0)
    next_one = asyncio.create_task(second.run())
    before = counting[0]
    await eventually(counted, lambda found: found[0] > before + 2)
    assert counting[1] == 0
    await ended(task)
    await eventually(counted, lambda found: found[1] > 0)
    await ended(next_one)


async def test_a_process_that_stops_counting_shows_no_old_figures(pool: Pool):
    figures = TableGauges("reporting", pool, gauges_of_service("reporting", 1))
    await figures.look()
    assert shown("huying_tables_asked_timestamp_seconds")
    figures.forget()
    assert shown("huying_tables_asked_timestamp_seconds") is None
    assert shown("huying_dead_letters") is None


async def test_connections_and_waiting_callers_are_shown(database: str):
    async with await open_pool(database, "reporting", size=2) as pool:
        pool_gauges.watch(pool, "reporting", "test")

        def now() -> list[float | None]:
            exposition()
            states = [shown("huying_pool_connections", pool="test", state=state) for state in ("busy", "idle")]
            return [*states, *(shown(f"huying_pool_{name}", pool="test") for name in ("limit", "waiting"))]

        assert now() == [0, 0, 2, 0]
        async with pool.acquire(), pool.acquire():
            task = asyncio.create_task(pool.fetchval("SELECT 1"))

            async def figures() -> list[float | None]:
                return now()

            await eventually(figures, lambda found: found == [2, 0, 2, 1])
        await task
        assert now() == [0, 2, 2, 0]
    exposition()
    assert shown("huying_pool_limit", pool="test") is None


def test_a_fact_waits_since_the_measurement_that_saw_its_partition_grow():
    waiting, first_partition, second_partition = EndOffsetHistory(), TopicPartition("t", 0), TopicPartition("t", 1)

    def look(at: float, committed: int, end: int) -> float:
        return waiting.look({first_partition: Offsets(committed, end), second_partition: Offsets(7, 7)}, at)

    assert look(0, 5, 5) == 0
    assert look(10, 5, 6) == 0
    assert look(20, 5, 9) == 10
    assert look(30, 6, 9) == 10
    assert look(40, 8, 20) == 20
    assert look(50, 9, 20) == 10
    assert look(60, 20, 20) == 0
    assert waiting.look({}, 70) == 0


@pytest.mark.parametrize(
    ("type", "name"),
    [("demand.routed.v2", "demand.routed"), ("huying.dead-lettered.v1", "huying.dead-lettered"), ("a.very", "a.very")],
)
def test_a_fact_is_counted_by_its_type_without_the_version(type: str, name: str):
    assert unversioned(type) == name
