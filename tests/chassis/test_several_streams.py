"""One worker has aggregates of several streams, each with its own table, rules and order."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from shared.chassis.aggregates.repository import Repositories
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.process.components import Worker
from shared.contracts.topics import DEMAND_EVENTS, PROJECT_EVENTS
from tests import story
from tests.chassis import projects
from tests.chassis.conftest import Log, RecordedFacts, only_dead_letter
from tests.chassis.projects import ProjectClosed, ProjectNamed

ID = UUID(int=7)


@pytest.fixture
async def two_streams(delivery: Delivery, pool: Pool) -> Delivery:
    """A delivery of demands and of projects."""
    await pool.execute(projects.TABLE)
    delivery.repositories = Repositories.of(*delivery.repositories.by_stream.values(), projects.repository())
    return delivery


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "reporting") as opened:
        yield opened


def project(log: Log, fact: projects.ProjectFact, sequence: int, key: UUID = ID, **changes: object) -> Record:
    return log.record(projects.envelope(fact, sequence, key), **changes)._replace(topic=PROJECT_EVENTS.name)


async def versions(pool: Pool, key: UUID) -> tuple[int | None, int | None]:
    """The versions of the demand and of the project with this id."""
    return (
        await pool.fetchval("SELECT version FROM demand_facts WHERE id = $1", key),
        await pool.fetchval("SELECT version FROM project WHERE id = $1", key),
    )


async def test_one_batch_changes_aggregates_of_both_streams(
    two_streams: Delivery, pool: Pool, projection: RecordedFacts
):
    log, projects_log = Log(), Log()
    await two_streams.deliver([*log.records(*story.SUBMITTED), project(projects_log, ProjectNamed(name="风雨棚"), 1)])
    assert await versions(pool, story.ID) == (1, None)
    assert await versions(pool, ID) == (None, 1)
    assert await pool.fetchval("SELECT state ->> 'name' FROM project") == "风雨棚"
    assert projection.facts == ["demand.submitted"], "each stream has its own projection"


async def test_an_early_fact_waits_in_its_own_stream_although_another_has_the_same_id(
    two_streams: Delivery, pool: Pool
):
    log, projects_log = Log(), Log()
    submitted, routed = log.records(*story.ROUTED)
    named, closed = (ProjectNamed(name="a"), ProjectClosed())
    await two_streams.deliver([routed, project(projects_log, closed, 2, story.ID)])
    rows = await pool.fetch("SELECT stream, sequence FROM parked ORDER BY stream")
    assert [tuple(row) for row in rows] == [("demand", 2), ("project", 2)]
    await two_streams.deliver([submitted])
    assert await versions(pool, story.ID) == (2, None)
    await two_streams.deliver([project(projects_log, named, 1, story.ID)])
    assert await versions(pool, story.ID) == (2, 2)
    assert await pool.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_record_of_a_stream_without_repository_is_a_dead_letter(delivery: Delivery, pool: Pool):
    await delivery.deliver([project(Log(), ProjectNamed(name="a"), 1)])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert letter.cause == "huying.project-events is not a topic of this service, which reads demand"


async def test_an_illegal_fact_of_a_project_is_a_dead_letter_and_demands_go_on(two_streams: Delivery, pool: Pool):
    log, projects_log = Log(), Log()
    facts = (ProjectClosed(), ProjectNamed(name="late"))
    await two_streams.deliver(
        [*(project(projects_log, fact, n) for n, fact in enumerate(facts, 1)), *log.records(*story.SUBMITTED)]
    )
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert "the project is closed" in letter.cause
    assert (await versions(pool, story.ID), await versions(pool, ID)) == ((1, None), (None, 1))


async def test_facts_of_a_project_go_to_their_own_topic(pool: Pool):
    await pool.execute(projects.TABLE)
    repository = projects.repository()
    async with pool.acquire() as db, db.transaction():
        work = await repository.load(db, [ID], story.AT)
        work.record(ID, [ProjectNamed(name="a")], story.AT, UUID(int=1))
        await repository.save(db, work)
    row = await pool.fetchrow("SELECT aggregatetype, type, sequence FROM journal WHERE aggregateid = $1", ID)
    assert tuple(row) == ("project", "project.named.v1", 1)


def test_a_worker_reads_the_topics_of_its_streams(delivery: Delivery):
    (demands,) = delivery.repositories.by_stream.values()
    worker = Worker(Repositories.of(demands, projects.repository()), by_faust=False)
    assert worker.topics == (DEMAND_EVENTS.name, PROJECT_EVENTS.name)
    assert worker.service == "reporting"


def test_a_stream_has_one_repository():
    with pytest.raises(ValueError, match="two repositories of one stream"):
        Repositories.of(projects.repository(), projects.repository())
