"""Each fact is applied once and in order, or becomes a dead letter with its cause."""

import asyncio
import json
from uuid import UUID

import asyncpg
import pytest

from shared.chassis.consumer.delivery import A_LANE, LANES, Delivery, TooMuchPoison, apart
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests import story
from tests.chassis.conftest import Log, RecordedFacts, envelope, only_dead_letter
from tests.eventually import eventually

Deliver = Delivery


async def version(pool: Pool, key: UUID = story.ID) -> int | None:
    async with pool.acquire() as db:
        return await db.fetchval("SELECT version FROM demand_facts WHERE id = $1", key)


async def test_a_fact_delivered_three_times_is_applied_once(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    records = log.records(*story.CLOSED)
    for _ in range(3):
        await delivery.deliver(records)
    assert projection.facts == [fact.type for fact in story.CLOSED]
    assert await version(pool) == len(story.CLOSED)


async def test_facts_that_come_too_early_wait_for_the_missing_one(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    one, two, three, four, five, six = log.records(*story.CLOSED)
    await delivery.deliver([one, three, four])
    assert await version(pool) == 1
    await delivery.deliver([six, two])
    assert await version(pool) == 4
    await delivery.deliver([five])
    assert await version(pool) == 6
    assert projection.facts == [fact.type for fact in story.CLOSED]
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM parked") == 0


async def test_a_note_is_applied_once(delivery: Deliver, log: Log, projection: RecordedFacts):
    note = envelope(f.DemandUrged(reason="三天了"), None)
    await delivery.deliver([*log.records(*story.SUBMITTED), log.record(note), log.record(note)])
    await delivery.deliver([log.record(note)])
    assert projection.facts == ["demand.submitted", "demand.urged"]


async def test_a_service_does_not_apply_its_own_facts_again(delivery: Deliver, log: Log, projection: RecordedFacts):
    """A note of its own is in its facts, and not in the table of seen notes."""
    note = envelope(f.DemandUrged(reason="三天了"), None)._replace(source="/services/reporting")
    await delivery.deliver([*log.records(*story.SUBMITTED), log.record(note)])
    assert projection.facts == ["demand.submitted"]


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"value": b"{broken"}, "Invalid JSON"),
        ({"value": b"\xff"}, "utf-8"),
        ({"headers": ()}, "ce_id"),
        ({"key": b"?"}, "UUID"),
    ],
)
async def test_poison_becomes_a_dead_letter_with_its_cause_and_the_others_go_on(
    delivery: Deliver, log: Log, pool: Pool, changes: dict[str, object], cause: str
):
    good = UUID(int=77)
    poison = log.record(envelope(story.SUBMISSION, 1), **changes)
    await delivery.deliver([poison, *log.records(*story.ROUTED, key=good)])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
        row = await db.fetchrow("SELECT aggregatetype, payload FROM journal")
    assert cause in letter.cause
    assert letter.record == poison
    assert (row["aggregatetype"], json.loads(row["payload"])["cause"]) == ("dead-letter", letter.cause)
    assert json.loads(row["payload"])["record"] == json.loads(letter.record.pack())
    assert await version(pool, good) == 2


async def test_a_dead_letter_too_large_for_its_topic_says_where_the_record_is(delivery: Deliver, log: Log, pool: Pool):
    large = log.record(envelope(story.SUBMISSION, 1), value=b"{" + b"x" * 1_000_000)
    await delivery.deliver([large])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
        payload = json.loads(await db.fetchval("SELECT payload FROM journal"))
    assert letter.record == large
    assert payload["place"].endswith(f"/{letter.place}")
    assert "record" not in payload


async def test_a_record_that_falsely_names_this_service_as_source_is_not_dropped(
    delivery: Deliver, log: Log, pool: Pool
):
    claims = envelope(story.SUBMISSION, 1)._replace(source="/services/reporting", type="demand.submitted.v9")
    await delivery.deliver([log.record(claims)])
    assert await parked(pool) == 1


@pytest.mark.parametrize(
    ("fact", "sequence", "source", "writer"),
    [
        (f.DemandRouted(unit="roads", rule="r1"), 2, "/services/intake", "/services/routing"),
        (f.DemandUrged(reason="三天了"), None, "/services/routing", "/services/intake"),
        (f.DemandUrged(reason="三天了"), None, "/services/nobody", "/services/intake"),
    ],
)
async def test_a_fact_from_a_service_that_may_not_record_it_is_a_dead_letter_that_names_both(
    delivery: Deliver, log: Log, pool: Pool, fact: f.Fact, sequence: int | None, source: str, writer: str
):
    claimed = log.record(envelope(fact, sequence)._replace(source=source))
    await delivery.deliver([*log.records(*story.SUBMITTED), claimed])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert f"{fact.wire_type()} is written by {writer}, not by {source}" in letter.cause
    assert await version(pool) == 1


async def test_an_illegal_fact_blocks_only_its_own_demand_until_it_is_corrected(
    delivery: Deliver, log: Log, pool: Pool
):
    illegal = log.record(envelope(f.DemandAccepted(by="Chen"), 2))
    routed, accepted, resolved = log.records(*story.RESOLVED[1:], first=2)
    await delivery.deliver([*log.records(*story.SUBMITTED), illegal, accepted, resolved])
    assert await version(pool) == 1
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 1
        assert await db.fetchval("SELECT count(*) FROM parked") == 2
    await delivery.redrive(routed)
    assert await version(pool) == 4


POISON: list[dict[str, object]] = [{"value": b"{"}, {"headers": ()}]


def poison(log: Log, count: int, changes: dict[str, object] = POISON[0]) -> list[Record]:
    return [log.record(envelope(story.SUBMISSION, 1), **changes) for _ in range(count)]


async def dead_letters(pool: Pool) -> int:
    async with pool.acquire() as db:
        return await db.fetchval("SELECT count(*) FROM dead_letter")


async def parked(pool: Pool) -> int:
    async with pool.acquire() as db:
        return await db.fetchval("SELECT count(*) FROM parked")


@pytest.mark.parametrize("changes", POISON, ids=["no fact", "no envelope"])
@pytest.mark.parametrize("at_once", [9, 2, 1])
async def test_too_much_poison_in_a_row_is_recorded_and_then_stops_the_reader(
    delivery: Deliver, log: Log, pool: Pool, changes: dict[str, object], at_once: int
):
    records = poison(log, 9, changes)

    async def reading() -> None:
        for n in range(0, 9, at_once):
            await delivery.deliver(records[n : n + at_once])

    with pytest.raises(TooMuchPoison, match="dead-letters"):
        await reading()
    assert delivery.limit < await dead_letters(pool) <= delivery.limit + at_once


async def test_poison_between_good_records_stops_nobody(delivery: Deliver, log: Log, pool: Pool):
    records = []
    for n in range(9):
        records += poison(log, 1) + log.records(*story.SUBMITTED, key=UUID(int=n + 1))
    await delivery.deliver(records)
    assert await dead_letters(pool) == 9


async def test_a_restarted_reader_goes_on_after_the_records_that_stopped_it(delivery: Deliver, log: Log, pool: Pool):
    records = [*poison(log, 9), *log.records(*story.SUBMITTED)]
    with pytest.raises(TooMuchPoison):
        await delivery.deliver(records[:9])
    restarted: Deliver = Delivery(pool, delivery.repositories, "cluster", limit=5)
    await restarted.deliver(records)
    assert await dead_letters(pool) == 9
    assert await version(pool) == 1


async def test_progress_is_the_offset_after_the_last_record_of_each_partition(delivery: Deliver, log: Log, pool: Pool):
    first, second, third = log.records(*story.CLOSED[:3])
    await delivery.deliver([third, first._replace(partition=7), second])
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT partition, next_offset FROM progress ORDER BY partition")
    assert [tuple(row) for row in rows] == [(0, third.offset + 1), (7, first.offset + 1)]


async def test_a_record_with_the_same_offset_in_another_log_is_another_dead_letter(
    delivery: Deliver, log: Log, pool: Pool
):
    (record,) = poison(log, 1)
    for name in ("cluster", "cluster", "cluster.1"):
        await Delivery(pool, delivery.repositories, name, limit=5).deliver([record])
    assert await dead_letters(pool) == 2


async def test_a_parked_fact_that_is_refused_becomes_the_dead_letter_and_not_the_fact_it_waited_for(
    delivery: Deliver, log: Log, pool: Pool
):
    submitted, routed = log.records(*story.ROUTED)
    illegal = log.record(envelope(f.DemandResolved(by="Chen", result="done"), 3))
    await delivery.deliver([submitted, illegal])
    await delivery.deliver([routed])
    assert await version(pool) == 2
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
        assert await db.fetchval("SELECT count(*) FROM parked") == 0
    assert letter.record == illegal


async def test_a_note_that_was_refused_may_come_again(delivery: Deliver, log: Log, projection: RecordedFacts):
    note = envelope(f.DemandUrged(reason="三天了"), None)
    broken, whole = log.record(note, value=b'{"reason": 3}'), log.record(note)
    await delivery.deliver([*log.records(*story.SUBMITTED), broken, whole])
    assert projection.facts == ["demand.submitted", "demand.urged"]


async def test_lanes_side_by_side_keep_every_demand_in_order(delivery: Deliver, log: Log, pool: Pool):
    records = [record for n in range(100) for record in log.records(*story.CLOSED, key=UUID(int=n + 1))]
    spread = [record._replace(partition=int(record.key[-2:], 16) % 12) for record in records if record.key]
    assert len(apart(spread)) == LANES
    await delivery.deliver(spread)
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT array_agg(DISTINCT version) FROM demand_facts") == [len(story.CLOSED)]
        assert await db.fetchval("SELECT count(*) FROM demand_facts") == 100
        assert await db.fetchval("SELECT count(*) FROM parked") == 0


@pytest.mark.parametrize("size", [A_LANE // 2, 2 * A_LANE, 4 * A_LANE])
def test_a_lane_has_the_same_partitions_however_large_the_batch(log: Log, size: int):
    (single,) = log.records(*story.SUBMITTED)
    for lanes, records in apart([single._replace(partition=n % 12) for n in range(size)]):
        assert {record.partition % LANES for record in records} == set(lanes)


async def test_a_batch_that_begins_before_the_last_one_ended_keeps_every_demand_in_order(
    delivery: Deliver, log: Log, pool: Pool
):
    past = [log.records(*story.CLOSED, key=UUID(int=n + 1)) for n in range(100)]
    batches = [
        [fact_record[step]._replace(partition=n % 12) for n, fact_record in enumerate(past)]
        for step in range(len(past[0]))
    ]
    # Small batches use all lanes, large ones two or one.
    joined = [*batches[:1], [record for batch in batches[1:5] for record in batch], *batches[5:]]
    previous = None
    for batch in joined:
        begun = asyncio.create_task(delivery.deliver(batch))
        if previous:
            await previous
        previous = begun
    assert previous
    await previous
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT array_agg(DISTINCT version) FROM demand_facts") == [len(story.CLOSED)]
        assert await db.fetchval("SELECT count(*) FROM demand_facts") == 100
        assert await db.fetchval("SELECT count(*) FROM parked") == 0


async def test_batches_after_one_that_failed_are_not_processed(delivery: Deliver, log: Log, pool: Pool):
    poison = [log.record(envelope(story.SUBMISSION, 1), value=b"{") for _ in range(delivery.limit + 1)]
    failing = asyncio.create_task(delivery.deliver(poison))
    following = asyncio.create_task(delivery.deliver(log.records(*story.SUBMITTED)))
    for task in (failing, following):
        with pytest.raises(TooMuchPoison):
            await task
    assert await version(pool) is None
    await delivery.deliver(log.records(*story.SUBMITTED))
    assert await version(pool) == 1


async def test_state_journal_and_progress_change_together_or_not_at_all(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    projection.fault = ConnectionResetError("in the middle")
    task = asyncio.create_task(delivery.deliver(log.records(*story.ROUTED)))
    await asyncio.wait({task}, timeout=0.5)
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT (SELECT count(*) FROM demand_facts) + (SELECT count(*) FROM progress)") == 0
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 0
    projection.fault = None
    await task
    assert await version(pool) == 2


async def test_a_batch_whose_connection_was_lost_is_retried_until_it_is_back(
    delivery: Deliver, log: Log, projection: RecordedFacts, database: str, pool: Pool
):
    outside = await asyncpg.connect(database)
    async with outside.transaction():
        # Blocks the batch between its read and its write.
        await outside.execute("LOCK TABLE reporting.progress")
        task = asyncio.create_task(delivery.deliver(log.records(*story.CLOSED)))
        terminate = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE NOT granted"
        await eventually(lambda: outside.fetchval(terminate), lambda count: count == 1)
    await task
    await outside.close()
    assert await version(pool) == len(story.CLOSED)
    assert projection.facts == 2 * [fact.type for fact in story.CLOSED], "read again, and decided again"


async def test_a_schema_of_another_version_holds_the_batch_and_blames_no_record(
    delivery: Deliver, log: Log, database: str, pool: Pool
):
    outside = await asyncpg.connect(database)
    await outside.execute("ALTER TABLE reporting.note_seen RENAME TO note_seen_later")
    task = asyncio.create_task(delivery.deliver(log.records(*story.ROUTED)))
    await asyncio.wait({task}, timeout=0.3)
    await outside.execute("ALTER TABLE reporting.note_seen_later RENAME TO note_seen")
    await task
    await outside.close()
    assert (await version(pool), await dead_letters(pool)) == (2, 0)


async def test_two_readers_of_the_same_batch_count_it_once(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    records = [record for n in range(50) for record in log.records(*story.CLOSED, key=UUID(int=n + 1))]
    twin: Deliver = Delivery(pool, delivery.repositories, "cluster")
    await asyncio.gather(delivery.deliver(records), twin.deliver(records))
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT sum(version) FROM demand_facts") == 50 * len(story.CLOSED)
        assert await db.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_a_batch_in_the_wrong_order_is_sorted(delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool):
    await delivery.deliver(list(reversed(log.records(*story.CLOSED))))
    assert projection.facts == [fact.type for fact in story.CLOSED]
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM parked") == 0
