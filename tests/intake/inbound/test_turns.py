"""One message of a sender at a time, and nobody waits for ever."""

import asyncio

import pytest

from services.intake.inbound import sender_lock
from services.intake.inbound.sender_lock import SenderLocks
from shared.chassis.database.pool import Pool, open_pool
from tests.eventually import eventually


async def test_a_turn_that_does_not_come_is_given_up_and_leaves_nothing_behind(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender_lock, "_WITHIN", 0.2)
    taken = SenderLocks.of(pool)
    async with taken.take(b"sender-1"):
        async with asyncio.timeout(30):
            with pytest.raises(TimeoutError):
                await _taken(taken, b"sender-1")
    monkeypatch.undo()
    for sender in (b"sender-1", b"sender-2"):
        await asyncio.wait_for(_taken(taken, sender), 60)


async def test_processes_take_turns_of_one_sender_and_wait_for_no_other(pool: Pool, database: str):
    held_back = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    held_back += " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    async with await open_pool(database, "intake", size=4) as another:
        here, there = SenderLocks.of(pool), SenderLocks.of(another)
        async with here.take(b"sender-1"):
            await asyncio.wait_for(_taken(there, b"sender-2"), 60)
            waiting = asyncio.create_task(_taken(there, b"sender-1"))
            await eventually(lambda: pool.fetchval(held_back), lambda count: count == 1)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 60)


async def test_the_many_messages_of_one_sender_leave_a_seat_to_others(pool: Pool):
    taken = SenderLocks.of(pool)
    async with taken.take(b"sender-1"):
        many = [asyncio.create_task(_taken(taken, b"sender-1")) for _ in range(2 * pool.get_max_size())]
        await asyncio.sleep(0)
        await asyncio.wait_for(_taken(taken, b"sender-2"), 60)
    await asyncio.wait_for(asyncio.gather(*many), 60)


async def _taken(taken: SenderLocks, sender: bytes) -> None:
    async with taken.take(sender):
        pass
