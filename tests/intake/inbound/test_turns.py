"""One message of a sender at a time, and nobody waits for ever."""

import asyncio

import pytest

from services.intake.inbound import sender_lock
from services.intake.inbound.sender_lock import SenderLocks
from shared.chassis.database.pool import Pool


async def test_a_turn_that_does_not_come_is_given_up_and_leaves_nothing_behind(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender_lock, "_WITHIN", 0.2)
    taken = SenderLocks.of(pool)
    async with taken.take(b"sender-1"):
        async with asyncio.timeout(5):
            with pytest.raises(TimeoutError):
                await _taken(taken, b"sender-1")
    monkeypatch.undo()
    for sender in (b"sender-1", b"sender-2"):
        await asyncio.wait_for(_taken(taken, sender), 5)


async def _taken(taken: SenderLocks, sender: bytes) -> None:
    async with taken.take(sender):
        pass
