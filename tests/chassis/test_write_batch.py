"""Statements that are sent together: all or none take effect, each with its own parameters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import Stale, WriteBatch

PUT = "INSERT INTO word (id, text) SELECT * FROM unnest($1::int[], $2::text[])"
TURN = "UPDATE word SET text = $2::text WHERE id = $1::int"


@asynccontextmanager
async def words(pool: Pool, *known: str) -> AsyncIterator[Connection]:
    """A table with these rows, numbered from 1, in one session."""
    async with pool.acquire() as db:
        await db.execute("CREATE TEMPORARY TABLE word (id int CONSTRAINT word_id UNIQUE, text text)")
        await db.execute(PUT, list(range(1, len(known) + 1)), list(known))
        yield db


async def stored(db: Connection) -> dict[int, str]:
    return {row["id"]: row["text"] for row in await db.fetch("SELECT * FROM word ORDER BY id")}


async def test_an_empty_batch_sends_no_statement(pool: Pool):
    async with words(pool, "路") as db:
        await WriteBatch().write(db)
        assert await stored(db) == {1: "路"}


async def test_parameters_of_many_statements_do_not_mix(pool: Pool):
    writes = WriteBatch()
    writes.add(PUT, [3, 4], ["灯", "桥"])
    writes.add(TURN, 1, "街")
    writes.add("DELETE FROM word WHERE id = $1", 2)
    async with words(pool, "路", "树") as db:
        await writes.write(db)
        assert await stored(db) == {1: "街", 3: "灯", 4: "桥"}


async def test_a_later_statement_sees_what_was_written(pool: Pool):
    writes = WriteBatch()
    writes.after.add(TURN, 1, "街")
    writes.add(PUT, [1], ["路"])
    async with words(pool) as db:
        await writes.write(db)
        assert await stored(db) == {1: "街"}


async def test_one_statement_that_fails_leaves_nothing_of_the_others(pool: Pool):
    writes = WriteBatch()
    writes.add(TURN, 1, "街")
    writes.add(PUT, [2], ["桥"])
    async with words(pool, "路", "树") as db:
        with pytest.raises(asyncpg.UniqueViolationError):
            await writes.write(db)
        assert await stored(db) == {1: "路", 2: "树"}


async def test_a_conflict_raises_the_error_of_the_writer(pool: Pool):
    writes = WriteBatch()
    writes.add(PUT, [1], ["桥"])
    writes.clash("word_id", LookupError("the word is there"))
    async with words(pool, "路") as db:
        with pytest.raises(LookupError, match="the word is there"):
            await writes.write(db)


async def test_a_statement_that_writes_fewer_rows_than_it_must_undoes_all(pool: Pool):
    writes = WriteBatch()
    writes.add(PUT, [2, 3], ["树", "灯"], rows=2)
    writes.add(TURN, 1, "街")
    writes.add(TURN, 9, "桥", rows=1)
    async with words(pool, "路") as db:
        with pytest.raises(Stale):
            await writes.write(db)
        assert await stored(db) == {1: "路"}


async def test_a_statement_that_writes_the_rows_it_must_is_written(pool: Pool):
    writes = WriteBatch()
    writes.add(PUT, [2, 3], ["树", "灯"], rows=2)
    writes.add(TURN, 1, "街", rows=1)
    async with words(pool, "路") as db:
        await writes.write(db)
        assert await stored(db) == {1: "街", 2: "树", 3: "灯"}


async def test_a_later_failure_undoes_earlier_statements(pool: Pool):
    writes = WriteBatch()
    writes.add(PUT, [2], ["树"])
    writes.after.add(TURN, 9, "桥", rows=1)
    async with words(pool, "路") as db:
        with pytest.raises(Stale):
            await writes.write(db)
        assert await stored(db) == {1: "路"}


async def test_a_statement_returns_each_row_that_it_wrote(pool: Pool):
    writes = WriteBatch()
    writes.add(PUT, [2], ["树"])
    writes.add("UPDATE word SET text = text || $1", "口", telling="(id, text)")
    writes.add(TURN, 9, "桥", telling="id")
    writes.after.add(TURN, 2, "林", rows=1, telling="text")
    async with words(pool, "路") as db:
        assert await writes.write(db) == [[(1, "路口")], [], ["林"]]
