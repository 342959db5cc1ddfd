"""Each fact is applied once and in order, or set aside with its cause."""

import asyncio
import json
from uuid import UUID

import pytest

from shared.chassis import letters
from shared.chassis.database import Pool
from shared.chassis.delivery import Delivery, TooMuchPoison
from shared.contracts import facts as f
from shared.contracts.demand import Demand
from tests import story
from tests.chassis.conftest import Log, Remembered, envelope

Deliver = Delivery[Demand, f.Fact]


async def version(pool: Pool, key: UUID = story.ID) -> int | None:
    async with pool.acquire() as db:
        return await db.fetchval("SELECT version FROM demand_facts WHERE id = $1", key)


async def test_a_fact_delivered_three_times_is_applied_once(
    delivery: Deliver, log: Log, remembered: Remembered, pool: Pool
):
    records = log.told(*story.CLOSED)
    for _ in range(3):
        await delivery.deliver(records)
    assert remembered.facts == [fact.type for fact in story.CLOSED]
    assert await version(pool) == len(story.CLOSED)


async def test_what_comes_too_early_waits_for_what_is_missing(
    delivery: Deliver, log: Log, remembered: Remembered, pool: Pool
):
    one, two, three, four, five, six = log.told(*story.CLOSED)
    await delivery.deliver([one, three, four])
    assert await version(pool) == 1
    await delivery.deliver([six, two])
    assert await version(pool) == 4
    await delivery.deliver([five])
    assert await version(pool) == 6
    assert remembered.facts == [fact.type for fact in story.CLOSED]
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_note_is_heard_once(delivery: Deliver, log: Log, remembered: Remembered):
    note = envelope(f.DemandUrged(reason="三天了"), None)
    await delivery.deliver([*log.told(*story.SUBMITTED), log.record(note), log.record(note)])
    await delivery.deliver([log.record(note)])
    assert remembered.facts == ["demand.submitted", "demand.urged"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"value": b"{broken"}, "Invalid JSON"),
        ({"value": b"\xff"}, "utf-8"),
        ({"headers": ()}, "ce_id"),
        ({"key": b"?"}, "UUID"),
    ],
)
async def test_poison_is_set_aside_with_its_cause_and_the_others_go_on(
    delivery: Deliver, log: Log, pool: Pool, changes: dict[str, object], cause: str
):
    good = UUID(int=77)
    poison = log.record(envelope(story.SUBMISSION, 1), **changes)
    await delivery.deliver([poison, *log.told(*story.ROUTED, key=good)])
    async with pool.acquire() as db:
        (letter,) = await letters.waiting(db)
        told = await db.fetchrow("SELECT aggregatetype, payload FROM journal")
    assert cause in letter.cause
    assert letter.record == poison
    assert (told["aggregatetype"], json.loads(told["payload"])["cause"]) == ("dead-letter", letter.cause)
    assert await version(pool, good) == 2


async def test_an_illegal_fact_holds_up_its_demand_alone_until_it_is_mended(delivery: Deliver, log: Log, pool: Pool):
    illegal = log.record(envelope(f.DemandAccepted(by="Chen"), 2))
    routed, accepted, resolved = log.told(*story.RESOLVED[1:], first=2)
    await delivery.deliver([*log.told(*story.SUBMITTED), illegal, accepted, resolved])
    assert await version(pool) == 1
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 1
        assert await db.fetchval("SELECT count(*) FROM parked") == 2
    await delivery.redrive(routed)
    assert await version(pool) == 4


POISON: list[dict[str, object]] = [{"value": b"{"}, {"headers": ()}]


@pytest.mark.parametrize("changes", POISON, ids=["no fact", "no envelope"])
@pytest.mark.parametrize("at_once", [9, 2, 1])
async def test_too_much_poison_in_a_row_stops_the_reader_after_it_was_written_down(
    delivery: Deliver, log: Log, pool: Pool, changes: dict[str, object], at_once: int
):
    poison = [log.record(envelope(story.SUBMISSION, 1), **changes) for _ in range(9)]

    async def reading() -> None:
        for n in range(0, 9, at_once):
            await delivery.deliver(poison[n : n + at_once])

    with pytest.raises(TooMuchPoison, match="dead-letters"):
        await reading()
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM dead_letter") in (delivery.limit - 1, delivery.limit)


@pytest.mark.parametrize("changes", POISON, ids=["no fact", "no envelope"])
async def test_poison_among_good_records_is_no_row(delivery: Deliver, log: Log, pool: Pool, changes: dict[str, object]):
    batch = []
    for n in range(9):
        batch.append(log.record(envelope(story.SUBMISSION, 1), **changes))
        batch += log.told(*story.SUBMITTED, key=UUID(int=n + 1))
    await delivery.deliver(batch)
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 9
        assert await db.fetchval("SELECT count(*) FROM demand_facts") == 9


async def test_a_good_record_ends_a_row_of_poison(delivery: Deliver, log: Log, pool: Pool):
    for n in range(4):
        poison = [log.record(envelope(story.SUBMISSION, 1), value=b"{") for _ in range(4)]
        await delivery.deliver([*poison, *log.told(*story.SUBMITTED, key=UUID(int=n + 1))])
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 16


async def test_ledger_journal_and_progress_change_together_or_not_at_all(
    delivery: Deliver, log: Log, remembered: Remembered, pool: Pool
):
    remembered.fault = ConnectionResetError("in the middle")
    waiting = asyncio.create_task(delivery.deliver(log.told(*story.ROUTED)))
    await asyncio.wait({waiting}, timeout=0.5)
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT (SELECT count(*) FROM demand_facts) + (SELECT count(*) FROM progress)") == 0
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 0
    remembered.fault = None
    await waiting
    assert await version(pool) == 2


async def test_the_database_restarting_is_waited_for(delivery: Deliver, log: Log, pool: Pool):
    async with pool.acquire() as db:
        await db.fetchval("SELECT 1")
        other = await db.fetchval("SELECT pg_backend_pid()")
        assert other
    connections = [await pool.acquire() for _ in range(3)]
    for connection in connections:
        connection.terminate()
        await pool.release(connection)
    await delivery.deliver(log.told(*story.CLOSED))
    assert await version(pool) == len(story.CLOSED)


async def test_two_readers_of_the_same_batch_count_it_once(
    delivery: Deliver, log: Log, remembered: Remembered, pool: Pool
):
    records = [record for n in range(50) for record in log.told(*story.CLOSED, key=UUID(int=n + 1))]
    twin: Deliver = Delivery(pool, delivery.ledger, "cluster")
    await asyncio.gather(delivery.deliver(records), twin.deliver(records))
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT sum(version) FROM demand_facts") == 50 * len(story.CLOSED)
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_a_batch_in_the_wrong_order_is_put_in_order(
    delivery: Deliver, log: Log, remembered: Remembered, pool: Pool
):
    await delivery.deliver(list(reversed(log.told(*story.CLOSED))))
    assert remembered.facts == [fact.type for fact in story.CLOSED]
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM parked") == 0
