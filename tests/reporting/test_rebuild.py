"""The views are rebuilt from the log while requests are answered, and replace the old ones at once."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from services.reporting import app
from services.reporting.assembled import demand_repository
from services.reporting.figures.completion import Figures, Question
from services.reporting.figures.domain import Dimension, standing
from services.reporting.rebuild import locks, rebuild, tables
from services.reporting.rebuild.rebuild import Rebuilt
from services.reporting.rebuild.tables import ANEW, DERIVED, KEPT
from services.reporting.settings import ReportingSettings
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.consumer import inbox
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.lag import group_lag
from shared.chassis.consumer.record import Record
from shared.chassis.consumer.replay import Replay
from shared.chassis.database.migrate import migrate
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.process.components import worker_components
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Refused
from shared.contracts.topics import DEMAND_EVENTS
from tests import story
from tests.chassis.conftest import Log
from tests.conftest import Server
from tests.eventually import ended, eventually
from tests.packs import nanhai, shipped
from tests.reporting.lives import Lives

QUESTIONS = [Question(by, by_month) for by in Dimension for by_month in (False, True)]


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "reporting") as opened:
        yield opened


@dataclass
class Deployment:
    """Reporting with a running projector and an API, on a broker of its own."""

    settings: ReportingSettings
    pool: Pool
    client: httpx.AsyncClient
    producer: AIOKafkaProducer
    projecting: list["asyncio.Task[None]"]
    said: list[str] = field(default_factory=list)

    async def tell(self, records: Iterable[Record]) -> None:
        """Send these records as relays do."""
        for record in records:
            await self.producer.send(DEMAND_EVENTS.name, record.value, key=record.key, headers=list(record.headers))
        await self.producer.flush()

    async def projected(self) -> None:
        """Wait until the projector has read everything."""

        async def left() -> int:
            async with group_lag(self.settings.kafka, "reporting-reader", [DEMAND_EVENTS.name]) as lag:
                return sum(place.end - place.committed for place in (await lag.backlog()).values())

        await eventually(left, lambda found: found == 0, within=60)

    async def rebuild(self, *, accept: bool = False) -> Rebuilt:
        """Run the rebuild as the command does."""
        return await app.rebuilding(self.settings, self.say).run(accept=accept)

    def say(self, zh: str, en: str) -> None:
        """Keep the messages to the operator."""
        self.said.append(en)


@pytest.fixture
async def deployment(database: str, own_broker: Server, pool: Pool) -> AsyncIterator[Deployment]:
    settings = ReportingSettings.model_validate(
        {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": own_broker.url, "relay_inside": False}
    )
    parts = await worker_components(settings, app.projector(settings, pool), pool, "reporting-projector")
    tasks = [asyncio.create_task(part) for part in parts.running]
    transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://reporting") as client,
        AIOKafkaProducer(bootstrap_servers=own_broker.url) as producer,
    ):
        yield Deployment(settings, pool, client, producer, tasks)
    await ended(*tasks)


def lives(count: int) -> tuple[list[Record], list[Demand]]:
    """Facts in random order, some of them twice, and the final state of each demand."""
    return Lives(random.Random(7), Log()).records(count)


async def figures(pool: Pool) -> list[object]:
    """Completion by all dimensions, of all time and by months."""
    answers = [await Figures(pool).completion(nanhai(), question) for question in QUESTIONS]
    return [(figure.total, figure.rows) for figure in answers]


async def standings(pool: Pool) -> dict[str, int]:
    """The number of demands by status."""
    return (await Figures(pool).completion(nanhai(), Question(Dimension.ALL))).total.statuses


def counted(ends: Sequence[Demand]) -> dict[str, int]:
    """The same by a simple count."""
    return dict(Counter(standing(demand) for demand in ends))


@asynccontextmanager
async def answering(deployment: Deployment) -> AsyncIterator[list[int]]:
    """Request figures all the time; collects the status of each response."""
    answers: list[int] = []

    async def ask() -> None:
        while True:
            answer = await deployment.client.get("/v1/figures/completion", params={"jurisdiction": "nanhai"})
            answers.append(answer.status_code)
            await asyncio.sleep(0.005)

    task = asyncio.create_task(ask())
    yield answers
    await ended(task)


@pytest.mark.kafka
async def test_a_rebuild_corrects_a_corrupted_counter_while_requests_are_answered(deployment: Deployment):
    records, ends = lives(300)
    begin, rest_at = len(records) // 2, len(records) * 3 // 4
    await deployment.tell(records[:begin])
    await deployment.projected()
    right = await figures(deployment.pool)
    measures = ["status:resolved", "status:closed"]  # with all measures, more would differ than are listed one by one
    async with deployment.pool.acquire() as db:
        await db.execute(
            "UPDATE cohort_sum SET n = n + 5 WHERE dimension = 'all' AND level = 'month' AND measure = ANY($1)",
            measures,
        )
        await db.execute("UPDATE cohort SET n = n + 5 WHERE dimension = 'all' AND measure = ANY($1)", measures)
    corrupted = await figures(deployment.pool)
    assert corrupted != right

    refused = await deployment.rebuild()
    assert not refused.replaced
    assert refused.differences > 0
    assert await figures(deployment.pool) == corrupted, "nothing was replaced"
    assert any("by month submitted, month of 202" in words for words in deployment.said)

    async with answering(deployment) as answers:
        telling = asyncio.create_task(deployment.tell(records[begin:rest_at]))
        result = await deployment.rebuild(accept=True)
        await telling
        await deployment.tell(records[rest_at:])
        await deployment.projected()
    assert result.replaced
    assert len(answers) > 10
    assert set(answers) == {200}
    assert await standings(deployment.pool) == counted(ends)
    second_result = await deployment.rebuild()
    assert (second_result.replaced, second_result.differences) == (True, 0)


@pytest.mark.kafka
async def test_a_killed_rebuild_begins_again(deployment: Deployment):
    records, ends = lives(60)
    await deployment.tell(records)
    await deployment.projected()
    async with deployment.pool.acquire() as db:
        await db.execute("UPDATE cohort SET n = n + 1")
        await db.execute("UPDATE cohort_sum SET n = n + 1")
    before = await figures(deployment.pool)

    for stage in ("building", "records to read", "comparing", "by month"):
        await killed_at(stage, deployment)
        assert await figures(deployment.pool) == before
        assert not await built(deployment.pool)

    # As after a power failure, without any cleanup.
    await migrate(deployment.settings.database_url, "reporting", app.MIGRATIONS, schema=ANEW)
    async with deployment.pool.acquire() as db:
        await db.execute(
            f"INSERT INTO {ANEW}.cohort_sum VALUES"
            " ('nanhai', 'millennium', '2000-01-01', 'all', '', 'status:resolved', 7)"
        )
    assert (await deployment.rebuild(accept=True)).replaced
    assert await standings(deployment.pool) == counted(ends)
    assert not await built(deployment.pool)


async def killed_at(stage: str, deployment: Deployment) -> None:
    """Cancel the command when it reports this stage."""

    def say(zh: str, en: str) -> None:
        if stage in en:
            task.cancel()

    task = asyncio.create_task(app.rebuilding(deployment.settings, say).run(accept=True))
    with pytest.raises(asyncio.CancelledError):
        await task


async def built(pool: Pool) -> bool:
    """Whether there are new views beside those in use."""
    async with pool.acquire() as db:
        return bool(await db.fetchval("SELECT count(*) FROM pg_namespace WHERE nspname = $1", ANEW))


@pytest.mark.kafka
async def test_facts_that_the_projector_has_not_read_are_no_difference_and_are_in_the_new_views(deployment: Deployment):
    records, ends = lives(100)
    middle = len(records) // 2
    await deployment.tell(records[:middle])
    await deployment.projected()
    await ended(*deployment.projecting)
    await deployment.tell(records[middle:])
    result = await deployment.rebuild()
    assert (result.replaced, result.differences) == (True, 0), deployment.said
    assert await standings(deployment.pool) == counted(ends)


@pytest.mark.kafka
async def test_two_rebuilds_cannot_run_at_once(deployment: Deployment):
    async with deployment.pool.acquire() as db:
        await db.execute("SELECT pg_advisory_lock(hashtext('huying.rebuild'))")
        with pytest.raises(Refused, match="another command"):
            await deployment.rebuild()
        await db.execute("SELECT pg_advisory_unlock(hashtext('huying.rebuild'))")


@pytest.mark.kafka
async def test_facts_missing_in_the_log_are_named(deployment: Deployment, pool: Pool):
    records, _ = lives(20)
    await deployment.tell(records)
    await deployment.projected()
    extra = Log(10**6).records(*story.RESOLVED, key=UUID(int=10**6))
    await delivery(pool).deliver(extra)
    result = await deployment.rebuild()
    assert not result.replaced
    (line,) = [words for words in deployment.said if "has another state" in words]
    assert f"{len(story.RESOLVED)} now, 0 rebuilt" in line


@pytest.mark.kafka
async def test_a_demand_that_differs_is_shown_with_each_field_and_both_values(
    deployment: Deployment,
):
    records, _ = lives(20)
    await deployment.tell(records)
    await deployment.projected()
    async with deployment.pool.acquire() as db:
        row = await db.fetchrow("SELECT id, number, state ->> 'unit' AS unit FROM demand_facts WHERE state ? 'unit'")
        await db.execute(
            """UPDATE demand_facts SET state = state - 'division' || '{"unit": "nowhere"}' WHERE id = $1""", row["id"]
        )
    result = await deployment.rebuild()
    assert (result.replaced, result.differences) == (False, 1)
    index = next(n for n, words in enumerate(deployment.said) if f"demand {row['number']} has another state" in words)
    division, unit = deployment.said[index + 1 :]
    assert division.startswith("field division: (none) now, 4406")
    assert unit == f"field unit: nowhere now, {row['unit']} rebuilt"


@pytest.mark.kafka
async def test_a_foreign_view_that_blocks_the_replacement_is_named_before_anything_is_read(deployment: Deployment):
    operator = await asyncpg.connect(deployment.settings.database_url)
    await operator.execute("CREATE VIEW public.ours AS SELECT sum(n) FROM reporting.cohort_whole")
    await operator.close()
    with pytest.raises(Refused, match="ours"):
        await deployment.rebuild()
    assert not await built(deployment.pool)


@pytest.mark.kafka
async def test_a_database_of_another_version_is_refused_before_anything_is_read(deployment: Deployment, pool: Pool):
    await pool.execute("INSERT INTO schema_migrations (version) VALUES ('29991231000000')")
    with pytest.raises(Refused, match="huying migrate"):
        await deployment.rebuild()
    assert not await built(pool)


@pytest.mark.kafka
async def test_a_log_without_its_beginning_is_refused(deployment: Deployment, monkeypatch: pytest.MonkeyPatch):
    async def shortened(_: Replay) -> dict[TopicPartition, int]:
        return {TopicPartition(DEMAND_EVENTS.name, 3): 7}

    monkeypatch.setattr(Replay, "beginning", shortened)
    with pytest.raises(Refused, match="beginning of the topic was deleted"):
        await deployment.rebuild()
    assert not await built(deployment.pool)


@pytest.mark.kafka
async def test_a_projector_that_is_far_behind_is_refused(deployment: Deployment, monkeypatch: pytest.MonkeyPatch):
    records, _ = lives(20)
    await deployment.projected()
    await ended(*deployment.projecting)
    await deployment.tell(records)
    monkeypatch.setattr(rebuild, "MOST_BEHIND", len(records) - 1)
    with pytest.raises(Refused, match=f"{len(records)} records behind"):
        await deployment.rebuild()
    assert not await built(deployment.pool)


async def test_views_that_are_locked_all_the_time_are_not_replaced(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(locks, "TRIES", 1)
    async with pool.acquire() as reader, reader.transaction():
        await reader.fetchval("SELECT count(*) FROM cohort_whole")
        with pytest.raises(Refused, match="run this again later"):
            await replace(pool)
    assert await standings(pool) == {}


def delivery(pool: Pool) -> Delivery:
    return Delivery(pool, Repositories.of(demand_repository(shipped())), "cluster")


@asynccontextmanager
async def built_anew(database: str, records: Sequence[Record]) -> AsyncIterator[None]:
    """Build the same facts in the schema beside the one in use."""
    await migrate(database, "reporting", app.MIGRATIONS, schema=ANEW)
    async with await open_pool(database, "reporting", schema=ANEW) as anew:
        await delivery(anew).deliver(records)
        yield


async def replace(pool: Pool) -> None:
    async with pool.acquire() as db, db.transaction():
        await locks.hold_writers(db)
        await locks.hold_everybody(db)
        await tables.replace(db)


async def test_during_the_comparison_facts_wait_and_reading_is_possible(pool: Pool):
    async with pool.acquire() as db:
        holding = db.transaction()
        await holding.start()
        await locks.hold_writers(db)
        task = asyncio.create_task(delivery(pool).deliver(Log().records(*story.ROUTED)))

        async def waiting() -> int:
            async with pool.acquire() as connection:
                return int(await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await eventually(waiting, lambda found: found > 0)
        assert await standings(pool) == {}
        assert not task.done()
        await holding.rollback()
    await task
    assert sum((await standings(pool)).values()) == 1


async def test_a_batch_read_before_the_replacement_is_read_again_before_it_is_written(
    database: str, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    log = Log()
    first, later_records = (
        log.records(*story.ROUTED),
        log.records(*story.RESOLVED[len(story.ROUTED) :], first=len(story.ROUTED) + 1),
    )
    await delivery(pool).deliver(first)
    async with pool.acquire() as db:
        await db.execute("""UPDATE demand_facts SET state = jsonb_set(state, '{category}', '"wrong"')""")
    load = inbox.load

    async def and_replace(*args: object) -> inbox.Loaded:
        loaded = await load(*args)  # type: ignore[arg-type]
        monkeypatch.setattr(inbox, "load", load)
        await replace(pool)
        return loaded

    async with built_anew(database, first):
        monkeypatch.setattr(inbox, "load", and_replace)
        await delivery(pool).deliver(later_records)
    async with pool.acquire() as db:
        state = await db.fetchval("SELECT state::text FROM demand_facts")
    demand = Demand.model_validate_json(state)
    assert (demand.version, demand.category) == (len(story.RESOLVED), story.SUBMISSION.category)


async def test_every_table_of_reporting_is_rebuilt_or_kept(pool: Pool):
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'reporting'")
    assert {row["tablename"] for row in rows} == {*DERIVED, *KEPT}
    assert not {*DERIVED} & {*KEPT}


SHAPE = """
    SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line
    FROM information_schema.columns WHERE table_schema = 'reporting'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'reporting'
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'reporting'::regnamespace
    UNION ALL SELECT viewname || definition FROM pg_views WHERE schemaname = 'reporting'
    UNION ALL SELECT table_name || ' ' || grantee || ' ' || privilege_type || ' ' || is_grantable
    FROM information_schema.role_table_grants WHERE table_schema = 'reporting'
    ORDER BY 1
"""


async def test_the_new_tables_have_the_same_structure_and_grants(database: str, pool: Pool):
    operator = await asyncpg.connect(database)
    role = f"watcher_{random.randrange(10**9)}"
    await operator.execute(f"CREATE ROLE {role}; GRANT SELECT ON reporting.cohort, reporting.cohort_whole TO {role}")
    async with pool.acquire() as db:
        before = [row["line"] for row in await db.fetch(SHAPE)]
        oid = await db.fetchval("SELECT 'cohort'::regclass::oid")
    async with built_anew(database, []):
        await replace(pool)
    async with pool.acquire() as db:
        assert [row["line"] for row in await db.fetch(SHAPE)] == before
        assert await db.fetchval("SELECT 'cohort'::regclass::oid") != oid
    assert any(role in line for line in before)
    await operator.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    await operator.close()
