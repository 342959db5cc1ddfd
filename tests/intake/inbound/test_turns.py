"""Messages of one sender are processed one at a time, and none waits for ever."""

import asyncio

import pytest

from services.intake.inbound import sender_lock
from services.intake.inbound.sender_lock import SenderLocks
from shared.chassis.database.pool import Pool, open_pool
from tests.eventually import eventually


async def test_waiting_for_a_turn_is_given_up_and_leaves_nothing_behind(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sender_lock, "_WITHIN", 0.2)
    locks = SenderLocks.of(pool)
    async with locks.hold(b"sender-1"):
        async with asyncio.timeout(30):
            with pytest.raises(TimeoutError):
                await _take_turn(locks, b"sender-1")
    monkeypatch.undo()
    for sender in (b"sender-1", b"sender-2"):
        await asyncio.wait_for(_take_turn(locks, sender), 60)


async def test_processes_take_turns_for_one_sender_and_do_not_wait_for_others(pool: Pool, database: str):
    held_back = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    held_back += " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    async with await open_pool(database, "intake", size=4) as another:
        locks, other_locks = SenderLocks.of(pool), SenderLocks.of(another)
        async with locks.hold(b"sender-1"):
            await asyncio.wait_for(_take_turn(other_locks, b"sender-2"), 60)
            task = asyncio.create_task(_take_turn(other_locks, b"sender-1"))
            await eventually(lambda: pool.fetchval(held_back), lambda count: count == 1)
            assert not task.done()
        await asyncio.wait_for(task, 60)


async def test_many_messages_of_one_sender_leave_a_connection_for_others(pool: Pool):
    locks = SenderLocks.of(pool)
    async with locks.hold(b"sender-1"):
        tasks = [asyncio.create_task(_take_turn(locks, b"sender-1")) for _ in range(2 * pool.get_max_size())]
        await asyncio.sleep(0)
        await asyncio.wait_for(_take_turn(locks, b"sender-2"), 60)
    await asyncio.wait_for(asyncio.gather(*tasks), 60)


async def _take_turn(locks: SenderLocks, sender: bytes) -> None:
    async with locks.hold(sender):
        pass
