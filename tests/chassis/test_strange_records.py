"""No record ends or blocks a reader, whatever it contains: it is applied, dropped, parked or a dead letter."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from tests import story
from tests.chassis import strange
from tests.chassis.conftest import Log, RecordedFacts, envelope, only_dead_letter

LONG = 60
offsets = count()


def route(demand: Demand, fact: f.Fact, at: datetime, now: datetime) -> Sequence[tuple[f.Fact, datetime]]:
    if isinstance(fact, f.DemandSubmitted):
        return [(f.DemandRouted(unit="roads", rule="r1", limit=f.WorkingDays(days=10)), at)]
    return ()


@pytest.fixture
def routing_delivery(pool: Pool) -> Delivery:
    """A delivery of a service that routes each demand that is submitted."""
    repository: Repository[Demand, f.Fact] = Repository(
        "demand_facts", demand_rules(Service.ROUTING, route), RecordedFacts()
    )
    return Delivery(pool, Repositories.of(repository), "cluster", limit=10**9)


def record_at(fields: dict[str, Any], partition: int = 0) -> Record:
    return Record("huying.demand-events", partition, next(offsets), **fields)


def valid_record(**changes: bytes | None) -> dict[str, Any]:
    """A valid record with these headers changed."""
    source = envelope(story.SUBMISSION, 1)
    headers = tuple((name, changes.get(name, value)) for name, value in source.headers())
    return {"key": str(source.key).encode(), "headers": headers, "value": source.data.encode()}


async def version(pool: Pool, key: UUID) -> int | None:
    async with pool.acquire() as db:
        return await db.fetchval("SELECT version FROM demand_facts WHERE id = $1", key)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(strange.records(), min_size=1, max_size=8))
@example([valid_record(ce_source=b"/services/routing", ce_type=None)])
@example([valid_record(ce_sequence=b"2147483648")])
@example([valid_record(ce_sequence=b"9" * 5000)])
@example([valid_record(ce_time=b"0001-01-01T00:00:00+14:00")])
@example([valid_record(ce_type=b"demand.\x00")])
@example([{**valid_record(), "headers": (("\udcff", None),)}])
async def test_after_any_strange_record_the_next_record_is_applied(
    routing_delivery: Delivery, pool: Pool, strange_records: list[dict[str, Any]]
):
    good_id = UUID(int=500_000 + next(offsets))  # the number is derived from it, and two numbers must differ
    submitted = Log().records(story.SUBMISSION, key=good_id)[0]._replace(offset=next(offsets))
    async with asyncio.timeout(LONG):
        await routing_delivery.deliver([*(record_at(fields) for fields in strange_records), submitted])
    assert await version(pool, good_id) == 2


async def test_a_strange_record_is_stored_unchanged(routing_delivery: Delivery, pool: Pool):
    fields = {"key": None, "headers": (("\udcff\x00", None), ("ce_id", b"\x00")), "value": b"\x00"}
    record = record_at(fields)
    await routing_delivery.deliver([record])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert letter.record == record


async def test_a_second_fact_with_the_same_id_is_a_dead_letter_and_blocks_no_other(
    routing_delivery: Delivery, pool: Pool
):
    """The id of a fact that a service records is derived from the id of its cause."""
    first_id, second_id, third_id = uuid4(), uuid4(), uuid4()
    first, second = (
        Log().records(story.SUBMISSION, key=key)[0]._replace(offset=next(offsets)) for key in (first_id, second_id)
    )
    copied = dict(second.headers) | {"ce_id": dict(first.headers)["ce_id"]}
    behind = Log().records(story.SUBMISSION, key=third_id)[0]._replace(offset=next(offsets))
    async with asyncio.timeout(LONG):
        await routing_delivery.deliver([first, second._replace(headers=tuple(copied.items())), behind])
    assert [await version(pool, key) for key in (first_id, second_id, third_id)] == [2, None, 2]
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert letter.record.offset == second.offset


@pytest.mark.parametrize(("fact", "sequence"), [(story.SUBMISSION, None), (f.DemandUrged(reason="三天了"), 2)])
async def test_a_status_fact_needs_a_sequence_and_a_note_has_none(
    routing_delivery: Delivery, pool: Pool, fact: f.Fact, sequence: int | None
):
    key = uuid4()
    log = Log(next(offsets))
    if sequence:
        await routing_delivery.deliver([log.record(envelope(story.SUBMISSION, 1, key))])
        sequence = 3
    await routing_delivery.deliver([log.record(envelope(fact, sequence, key))])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert "sequence" in letter.cause


async def test_a_record_that_cannot_be_stored_is_a_dead_letter_that_says_where_it_is(
    routing_delivery: Delivery, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    record = record_at({"key": b"?", "headers": (), "value": b"x"})
    pack = Record.pack

    def failing(self: Record) -> bytes:
        if self.value:
            raise ValueError("no form of it can be stored")
        return pack(self)

    monkeypatch.setattr(Record, "pack", failing)
    await routing_delivery.deliver([record])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert (letter.place, letter.record.value) == (f"huying.demand-events/0/{record.offset}", None)
    assert "no form of it can be stored" in letter.cause


async def test_a_pruned_dead_letter_that_comes_again_blocks_no_other(routing_delivery: Delivery, pool: Pool):
    record = record_at({"key": b"?", "headers": (), "value": b"x"})
    await routing_delivery.deliver([record])
    async with pool.acquire() as db:
        await db.execute("DELETE FROM dead_letter")
    async with asyncio.timeout(LONG):
        await routing_delivery.deliver([record])
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM journal") == 1


async def test_a_parked_record_that_cannot_be_read_any_more_becomes_the_dead_letter_itself(
    routing_delivery: Delivery, pool: Pool
):
    """The previous version may have parked a record that this one refuses."""
    key = uuid4()
    log = Log(next(offsets))
    reopened = log.record(envelope(f.DemandReopened(reason="still leaking"), 4, key))
    await routing_delivery.deliver([reopened])
    unreadable = reopened._replace(headers=())
    async with pool.acquire() as db:
        await db.execute("UPDATE parked SET record = $1, sequence = 3", unreadable.pack())
    await routing_delivery.deliver([log.record(envelope(story.SUBMISSION, 1, key))])
    assert await version(pool, key) == 2
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
        assert await db.fetchval("SELECT count(*) FROM parked") == 0
    assert letter.record == unreadable


async def test_a_lasting_fault_of_a_value_blames_no_connection(routing_delivery: Delivery, pool: Pool):
    """A number out of range is refused before it is sent."""

    def too_large(writes: Any, changes: Any) -> None:
        writes.add("INSERT INTO progress (topic, partition, next_offset) VALUES ('x', $1, 1)", 2**40)

    (repository,) = routing_delivery.repositories.by_stream.values()
    routing_delivery.repositories = Repositories.of(replace(repository, project=too_large))
    async with asyncio.timeout(LONG):
        await routing_delivery.deliver([Log(next(offsets)).record(envelope(story.SUBMISSION, 1, uuid4()))])
    async with pool.acquire() as db:
        letter = await only_dead_letter(db)
    assert "out of int32 range" in letter.cause
