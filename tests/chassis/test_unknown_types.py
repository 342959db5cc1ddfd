"""Facts that only a newer version knows: a note is skipped, a status fact waits for that version with all later
ones."""

from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from shared.chassis.consumer import resuming
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.consumer.resuming import Resuming
from shared.chassis.database.pool import Pool
from shared.chassis.process.service_gauges import gauges_of_service
from shared.chassis.work.table_gauges import TableGauges
from shared.contracts.demand import facts as f
from tests import story
from tests.chassis.conftest import Log, RecordedFacts, envelope

Deliver = Delivery
URGED = envelope(f.DemandUrged(reason="三天了"), None)


async def count(pool: Pool, table: str) -> int:
    async with pool.acquire() as db:
        return await db.fetchval(f"SELECT count(*) FROM {table}")


async def version(pool: Pool, key: UUID = story.ID) -> int | None:
    async with pool.acquire() as db:
        return await db.fetchval("SELECT version FROM demand_facts WHERE id = $1", key)


def skipped() -> float:
    return REGISTRY.get_sample_value("huying_facts_total", {"service": "reporting", "result": "skipped"}) or 0.0


async def parked(pool: Pool) -> float | None:
    """The values of the metrics."""
    await TableGauges("reporting", pool, gauges_of_service("reporting", 1)).look()
    return REGISTRY.get_sample_value("huying_parked_facts", {"service": "reporting"})


def newer(record: Record, wire_type: str) -> Record:
    """The same record with a type that this version does not know."""
    headers = tuple((name, wire_type.encode() if name == "ce_type" else value) for name, value in record.headers)
    return record._replace(headers=headers)


async def make_known(pool: Pool, key: UUID, sequence: int, record: Record) -> None:
    """Replace a parked record by one whose type is known, as if a newer version read it."""
    async with pool.acquire() as db:
        result = await db.execute(
            "UPDATE parked SET record = $3 WHERE (aggregateid, sequence) = ($1, $2)", key, sequence, record.pack()
        )
    assert result == "UPDATE 1"


async def test_a_note_of_a_newer_service_is_skipped_and_counted(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    before = skipped()
    await delivery.deliver([*log.records(*story.SUBMITTED), log.record(URGED._replace(type="demand.praised.v1"))])
    assert skipped() == before + 1
    assert projection.facts == ["demand.submitted"]
    assert [await count(pool, table) for table in ("dead_letter", "parked", "note_seen")] == [0, 0, 0]


async def test_unknown_notes_never_count_as_poison(delivery: Deliver, log: Log, pool: Pool):
    notes = [URGED._replace(id=uuid4(), type="demand.praised.v1") for _ in range(3 * delivery.limit)]
    await delivery.deliver([log.record(note) for note in notes])
    await delivery.deliver(log.records(*story.SUBMITTED))
    assert (await version(pool), await count(pool, "dead_letter")) == (1, 0)


async def test_an_unknown_status_fact_waits_with_all_later_ones_and_other_demands_go_on(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    submitted, routed, accepted, resolved = log.records(*story.RESOLVED)
    other_id = UUID(int=77)
    await delivery.deliver(
        [submitted, newer(routed, "demand.routed.v9"), accepted, *log.records(*story.ROUTED, key=other_id)]
    )
    await delivery.deliver([resolved])
    assert (await version(pool), await version(pool, other_id)) == (1, 2)
    assert [await count(pool, table) for table in ("dead_letter", "parked")] == [0, 3]


async def test_the_version_that_knows_a_parked_fact_applies_it_even_without_a_later_one(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    submitted, routed, accepted = log.records(*story.ACCEPTED)
    await delivery.deliver([submitted, newer(routed, "demand.routed.v9"), accepted])
    resuming = Resuming(pool, delivery.repositories, "cluster")
    await resuming.resume()
    assert (await version(pool), await count(pool, "parked"), await parked(pool)) == (1, 2, 2)
    await make_known(pool, story.ID, 2, routed)
    await resuming.resume()
    assert (await version(pool), await count(pool, "parked"), await count(pool, "dead_letter")) == (3, 0, 0)
    assert projection.facts == [fact.type for fact in story.ACCEPTED]
    assert await parked(pool) == 0


async def test_a_round_reads_a_part_of_the_parked_records_and_the_next_round_goes_on_there(
    delivery: Delivery, log: Log, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    """However many facts wait for a newer version, those that can be applied are found within a few rounds."""
    monkeypatch.setattr(resuming, "PAGE", 2)
    monkeypatch.setattr(resuming, "LOOKED_AT", 4)
    keys = [UUID(int=n) for n in range(1, 11)]
    routed = {}
    for key in keys:
        submitted, routed[key] = log.records(*story.ROUTED, key=key)
        await delivery.deliver([submitted, newer(routed[key], "demand.routed.v9")])
    checker = Resuming(pool, delivery.repositories, "cluster")
    for key in (keys[4], keys[9]):
        await make_known(pool, key, 2, routed[key])
    await checker.resume()
    assert await count(pool, "parked") == 10, "the first four are not known, and a round ends there"
    await checker.resume()
    assert [await version(pool, key) for key in keys] == [1, 1, 1, 1, 2, 1, 1, 1, 1, 2]
    await make_known(pool, keys[0], 2, routed[keys[0]])
    await checker.resume()
    assert await version(pool, keys[0]) == 2, "behind the last it begins again"


async def test_the_version_that_knows_a_parked_fact_applies_it_before_the_next_one(
    delivery: Deliver, log: Log, pool: Pool
):
    submitted, routed, accepted = log.records(*story.ACCEPTED)
    await delivery.deliver([submitted, newer(routed, "demand.routed.v9")])
    await make_known(pool, story.ID, 2, routed)
    await delivery.deliver([accepted])
    assert (await version(pool), await count(pool, "parked")) == (3, 0)


async def test_the_first_fact_of_a_demand_waits_too(delivery: Deliver, log: Log, pool: Pool):
    (submitted,) = log.records(*story.SUBMITTED)
    await delivery.deliver([newer(submitted, "demand.submitted.v9")])
    assert (await version(pool), await count(pool, "parked")) == (None, 1)
    await make_known(pool, story.ID, 1, submitted)
    await Resuming(pool, delivery.repositories, "cluster").resume()
    assert (await version(pool), await count(pool, "parked")) == (1, 0)


async def test_a_fact_from_a_service_of_the_previous_version_is_applied(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    submitted, routed, accepted = log.records(*story.ACCEPTED)
    record = newer(routed, "demand.routed.v1")._replace(value=b'{"unit": "roads", "rule": "r1", "limit_days": 10}')
    await delivery.deliver([submitted, record, accepted])
    assert (await version(pool), projection.facts) == (3, [fact.type for fact in story.ACCEPTED])


async def test_a_fact_that_is_sent_again_in_a_known_version_replaces_the_parked_one(
    delivery: Deliver, log: Log, pool: Pool
):
    submitted, routed = log.records(*story.ROUTED)
    await delivery.deliver([submitted, newer(routed, "demand.routed.v9")])
    await delivery.deliver([routed])
    assert (await version(pool), await count(pool, "parked")) == (2, 0)


@pytest.mark.parametrize("facts", [f.DemandResolved(by="Chen", result="done"), story.SUBMISSION])
async def test_a_parked_fact_that_is_refused_by_the_version_that_knows_it_is_a_dead_letter(
    delivery: Deliver, log: Log, pool: Pool, facts: f.StatusFact
):
    (submitted,) = log.records(*story.SUBMITTED)
    illegal = log.record(envelope(facts, 2))
    await delivery.deliver([submitted, newer(illegal, "demand.praised.v1")])
    await make_known(pool, story.ID, 2, illegal)
    await Resuming(pool, delivery.repositories, "cluster").resume()
    assert (await version(pool), await count(pool, "parked"), await count(pool, "dead_letter")) == (1, 0, 1)


async def test_an_unknown_fault_of_a_parked_fact_blocks_only_its_demand(
    delivery: Deliver, log: Log, projection: RecordedFacts, pool: Pool
):
    keys = [UUID(int=n) for n in (1, 2, 3)]
    for key in keys:
        submitted, routed = log.records(*story.ROUTED, key=key)
        await delivery.deliver([submitted, newer(routed, "demand.routed.v9")])
        await make_known(pool, key, 2, routed)
    projection.faulty = keys[1]
    await Resuming(pool, delivery.repositories, "cluster").resume()
    assert [await version(pool, key) for key in keys] == [2, 1, 2]
    assert await count(pool, "parked") == 1
