"""A repository keeps a service's copy of a demand and its journal in step."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest

from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import Change, UnitOfWork
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.database.write_batch import Stale, WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service, Status
from shared.contracts.refusals import Code, Refused
from tests import story
from tests.chassis.conftest import envelope

CAUSE = UUID(int=42)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake") as opened:
        yield opened


def nothing(writes: WriteBatch, changes: Sequence[Change[Demand, f.Fact]]) -> None:
    return


REPOSITORY: Repository[Demand, f.Fact] = Repository("demand", demand_rules(Service.INTAKE), nothing)


async def test_a_recorded_fact_is_in_the_journal_with_its_sequence(pool: Pool):
    async with pool.acquire() as db, db.transaction():
        work = await REPOSITORY.load(db, [story.ID], story.AT)
        work.record(story.ID, story.SUBMITTED, story.AT, CAUSE)
        await REPOSITORY.save(db, work)
    async with pool.acquire() as db:
        row = await db.fetchrow("SELECT * FROM journal")
        again = await REPOSITORY.load(db, [story.ID], story.AT)
    assert (row["sequence"], row["type"], row["subject"]) == (1, "demand.submitted.v1", "NH21-000001-W")
    assert again.state(story.ID).status is Status.SUBMITTED


async def test_a_fact_of_another_service_cannot_be_recorded(pool: Pool):
    async with pool.acquire() as db:
        work = await REPOSITORY.load(db, [story.ID], story.AT)
        with pytest.raises(Refused) as refused:
            work.record(story.ID, [*story.SUBMITTED, f.DemandRouted(unit="roads", rule="r")], story.AT, CAUSE)
    assert refused.value.code is Code.WRONG_TELLER
    assert not work.changes


async def test_two_writers_of_one_demand_cannot_both_win(pool: Pool):
    async with pool.acquire() as connection, pool.acquire() as two:
        first = await REPOSITORY.load(connection, [story.ID], story.AT)
        second = await REPOSITORY.load(two, [story.ID], story.AT)
        first.record(story.ID, story.SUBMITTED, story.AT, CAUSE)
        second.record(story.ID, story.SUBMITTED, story.AT, UUID(int=43))
        await REPOSITORY.save(connection, first)
        with pytest.raises(Stale):
            await REPOSITORY.save(two, second)


@pytest.mark.parametrize("known", [story.SUBMITTED, story.ROUTED], ids=["not known yet", "known before"])
async def test_an_outdated_unit_of_work_is_refused_and_changes_nothing(pool: Pool, known: Sequence[f.StatusFact]):
    listening: Repository[Demand, f.Fact] = Repository("demand", demand_rules(Service.INTAKE), nothing)
    before, now = story.demand(*known[:-1]), story.demand(*known)
    late = UnitOfWork(listening.rules, story.AT, {story.ID: before} if before.version else {})
    late.apply(envelope(known[-1], len(known)))
    async with pool.acquire() as db:
        saved = now.model_dump_json(exclude_defaults=True)
        await db.execute("INSERT INTO demand (id, version, state) VALUES ($1, $2, $3)", story.ID, now.version, saved)
        with pytest.raises(Stale):
            await listening.save(db, late)
        assert await db.fetchval("SELECT version FROM demand WHERE id = $1", story.ID) == now.version
