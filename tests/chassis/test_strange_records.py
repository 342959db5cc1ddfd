"""No record ends a reader or holds it up, whatever it is made of: it is applied, dropped, parked or a dead letter."""

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
from tests.chassis.conftest import Log, Remembered, envelope, only_letter

LONG = 60
offsets = count()


def route(demand: Demand, fact: f.Fact, at: datetime, now: datetime) -> Sequence[tuple[f.Fact, datetime]]:
    if isinstance(fact, f.DemandSubmitted):
        return [(f.DemandRouted(unit="roads", rule="r1", limit=f.WorkingDays(days=10)), at)]
    return ()


@pytest.fixture
def answering(pool: Pool) -> Delivery:
    """A delivery whose service answers each demand that is submitted."""
    repository: Repository[Demand, f.Fact] = Repository(
        "demand_facts", demand_rules(Service.ROUTING, route), Remembered()
    )
    return Delivery(pool, Repositories.of(repository), "cluster", limit=10**9)


def lying(given: dict[str, Any], partition: int = 0) -> Record:
    return Record("huying.demand-events", partition, next(offsets), **given)


def whole(**changes: bytes | None) -> dict[str, Any]:
    """A record of a service with these headers changed."""
    told = envelope(story.SUBMISSION, 1)
    headers = tuple((name, changes.get(name, value)) for name, value in told.headers())
    return {"key": str(told.key).encode(), "headers": headers, "value": told.data.encode()}


async def version(pool: Pool, key: UUID) -> int | None:
    async with pool.acquire() as db:
        return await db.fetchval("SELECT version FROM demand_facts WHERE id = $1", key)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.lists(strange.records(), min_size=1, max_size=8))
@example([whole(ce_source=b"/services/routing", ce_type=None)])
@example([whole(ce_sequence=b"2147483648")])
@example([whole(ce_sequence=b"9" * 5000)])
@example([whole(ce_time=b"0001-01-01T00:00:00+14:00")])
@example([whole(ce_type=b"demand.\x00")])
@example([{**whole(), "headers": (("\udcff", None),)}])
async def test_whatever_lies_on_a_topic_what_lies_behind_it_is_applied(
    answering: Delivery, pool: Pool, made: list[dict[str, Any]]
):
    good = UUID(int=500_000 + next(offsets))  # its number is made of it, and two numbers must not be the same
    submitted = Log().records(story.SUBMISSION, key=good)[0]._replace(offset=next(offsets))
    async with asyncio.timeout(LONG):
        await answering.deliver([*(lying(one) for one in made), submitted])
    assert await version(pool, good) == 2


async def test_a_record_is_kept_as_it_was_however_strange(answering: Delivery, pool: Pool):
    given = {"key": None, "headers": (("\udcff\x00", None), ("ce_id", b"\x00")), "value": b"\x00"}
    record = lying(given)
    await answering.deliver([record])
    async with pool.acquire() as db:
        letter = await only_letter(db)
    assert letter.record == record


async def test_a_second_fact_with_the_id_of_another_is_a_dead_letter_and_holds_up_nobody(
    answering: Delivery, pool: Pool
):
    """What a service tells because of a fact is named by that fact's id."""
    one, two, three = uuid4(), uuid4(), uuid4()
    first, second = (Log().records(story.SUBMISSION, key=key)[0]._replace(offset=next(offsets)) for key in (one, two))
    copied = dict(second.headers) | {"ce_id": dict(first.headers)["ce_id"]}
    behind = Log().records(story.SUBMISSION, key=three)[0]._replace(offset=next(offsets))
    async with asyncio.timeout(LONG):
        await answering.deliver([first, second._replace(headers=tuple(copied.items())), behind])
    assert [await version(pool, key) for key in (one, two, three)] == [2, None, 2]
    async with pool.acquire() as db:
        letter = await only_letter(db)
    assert letter.record.offset == second.offset


@pytest.mark.parametrize(("fact", "sequence"), [(story.SUBMISSION, None), (f.DemandUrged(reason="三天了"), 2)])
async def test_a_fact_that_moves_needs_a_place_in_the_order_and_a_note_has_none(
    answering: Delivery, pool: Pool, fact: f.Fact, sequence: int | None
):
    key = uuid4()
    log = Log(next(offsets))
    if sequence:
        await answering.deliver([log.record(envelope(story.SUBMISSION, 1, key))])
        sequence = 3
    await answering.deliver([log.record(envelope(fact, sequence, key))])
    async with pool.acquire() as db:
        letter = await only_letter(db)
    assert "sequence" in letter.cause


async def test_a_record_that_cannot_be_stored_is_a_dead_letter_that_says_where_it_lies(
    answering: Delivery, pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    record = lying({"key": b"?", "headers": (), "value": b"x"})
    pack = Record.pack

    def failing(self: Record) -> bytes:
        if self.value:
            raise ValueError("no form of it can be stored")
        return pack(self)

    monkeypatch.setattr(Record, "pack", failing)
    await answering.deliver([record])
    async with pool.acquire() as db:
        letter = await only_letter(db)
    assert (letter.place, letter.record.value) == (f"huying.demand-events/0/{record.offset}", None)
    assert "no form of it can be stored" in letter.cause


async def test_a_dead_letter_that_was_pruned_and_comes_again_holds_up_nobody(answering: Delivery, pool: Pool):
    record = lying({"key": b"?", "headers": (), "value": b"x"})
    await answering.deliver([record])
    async with pool.acquire() as db:
        await db.execute("DELETE FROM dead_letter")
    async with asyncio.timeout(LONG):
        await answering.deliver([record])
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM journal") == 1


async def test_a_parked_record_that_can_no_longer_be_read_is_dead_itself_and_not_what_it_waited_for(
    answering: Delivery, pool: Pool
):
    """The version before may have parked what this one refuses."""
    key = uuid4()
    log = Log(next(offsets))
    reopened = log.record(envelope(f.DemandReopened(reason="still leaking"), 4, key))
    await answering.deliver([reopened])
    unreadable = reopened._replace(headers=())
    async with pool.acquire() as db:
        await db.execute("UPDATE parked SET record = $1, sequence = 3", unreadable.pack())
    await answering.deliver([log.record(envelope(story.SUBMISSION, 1, key))])
    assert await version(pool, key) == 2
    async with pool.acquire() as db:
        letter = await only_letter(db)
        assert await db.fetchval("SELECT count(*) FROM parked") == 0
    assert letter.record == unreadable


async def test_a_lasting_fault_of_a_value_blames_no_connection(answering: Delivery, pool: Pool):
    """A number out of range is refused before it is sent."""

    def too_large(writes: Any, changes: Any) -> None:
        writes.add("INSERT INTO progress (topic, partition, next_offset) VALUES ('x', $1, 1)", 2**40)

    (repository,) = answering.repositories.by_stream.values()
    answering.repositories = Repositories.of(replace(repository, project=too_large))
    async with asyncio.timeout(LONG):
        await answering.deliver([Log(next(offsets)).record(envelope(story.SUBMISSION, 1, uuid4()))])
    async with pool.acquire() as db:
        letter = await only_letter(db)
    assert "out of int32 range" in letter.cause
