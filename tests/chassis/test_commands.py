"""A command is handled once even if it is repeated, and is written completely or not at all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pytest

from shared.chassis.aggregates.commands import CommandHandler, keep_answer, kept_answer
from shared.chassis.database.pool import Connection, Pool, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.refusals import Code, Refused
from tests import story
from tests.chassis import projects
from tests.chassis.projects import Project, ProjectClosed, ProjectFact, ProjectNamed

ID = UUID(int=7)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "reporting") as opened:
        await opened.execute(projects.TABLE)
        yield opened


@dataclass(frozen=True)
class Rename:
    """Names a project; with `closes` it records two facts."""

    cause: UUID
    name: str
    closes: bool = False
    fault: Exception | None = None
    key: UUID = ID

    async def known(self, db: Connection, state: Project) -> str | None:
        return await kept_answer(db, self.cause, self.name)

    async def decide(self, db: Connection, state: Project, at: datetime) -> Sequence[ProjectFact]:
        await db.execute("UPDATE project SET state = state WHERE false")
        return [ProjectNamed(name=self.name), *([ProjectClosed()] if self.closes else [])]

    def answer(self, writes: WriteBatch, state: Project, at: datetime) -> str:
        if self.fault:
            raise self.fault
        answer = f'{{"version": {state.version}}}'
        keep_answer(writes, self.cause, self.name, answer, at)
        return answer


async def give(pool: Pool, command: Rename) -> str:
    handler = CommandHandler(projects.repository(), lambda: story.AT)
    async with pool.acquire() as db, db.transaction():
        return await handler.handle(db, command)


async def recorded(pool: Pool) -> list[tuple[str, int]]:
    rows = await pool.fetch("SELECT type, sequence FROM journal WHERE aggregateid = $1 ORDER BY sequence", ID)
    return [tuple(row) for row in rows]


async def test_a_repeated_command_gets_the_first_answer_and_records_nothing(pool: Pool):
    first = await give(pool, Rename(UUID(int=1), "a"))
    await give(pool, Rename(UUID(int=2), "b"))
    assert await give(pool, Rename(UUID(int=1), "a")) == first == '{"version": 1}'
    assert await recorded(pool) == [("project.named.v1", 1), ("project.named.v1", 2)]


async def test_another_command_under_the_same_key_is_refused(pool: Pool):
    await give(pool, Rename(UUID(int=1), "a"))
    with pytest.raises(Refused) as refused:
        await give(pool, Rename(UUID(int=1), "b"))
    assert refused.value.code is Code.KEY_REUSED
    assert len(await recorded(pool)) == 1


async def test_a_command_that_fails_writes_nothing(pool: Pool):
    with pytest.raises(ZeroDivisionError):
        await give(pool, Rename(UUID(int=1), "a", fault=ZeroDivisionError()))
    await give(pool, Rename(UUID(int=2), "a", closes=True))
    with pytest.raises(Refused, match="closed"):
        await give(pool, Rename(UUID(int=3), "late"))
    assert await recorded(pool) == [("project.named.v1", 1), ("project.closed.v1", 2)]
    assert await pool.fetchval("SELECT count(*) FROM command_answer") == 1


async def test_concurrent_commands_wait_for_each_other(pool: Pool):
    await give(pool, Rename(UUID(int=100), "first"))
    await asyncio.gather(*(give(pool, Rename(UUID(int=n % 4), "a")) for n in range(16)))
    assert await recorded(pool) == [("project.named.v1", n) for n in range(1, 6)]


async def test_ids_of_facts_are_derived_from_their_cause(pool: Pool):
    await give(pool, Rename(UUID(int=1), "a", closes=True))
    ids = await pool.fetch("SELECT id, causation FROM journal WHERE aggregateid = $1 ORDER BY sequence", ID)
    assert len({row["id"] for row in ids}) == 2
    assert {row["causation"] for row in ids} == {UUID(int=1)}
