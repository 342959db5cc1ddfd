"""Fetched data is always read to its end: a batch that aiokafka cannot parse hides no later one."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from shared.chassis.consumer import fetched
from shared.chassis.consumer.record import Record, unreadable
from tests import story
from tests.chassis import batches
from tests.chassis.conftest import envelope

ENVELOPES = [envelope(fact, n) for n, fact in enumerate(story.RESOLVED, 1)]
WHOLE = bytes(batches.batch(ENVELOPES, b"cafe"))


def read(raw: bytes) -> list[ConsumerRecord[bytes, bytes]]:
    """The records that a consumer gets from these batches, one after another."""
    partition = TopicPartition("topic", 0)
    records: Any = fetched.Batches(raw)
    return list(fetcher.PartitionRecords(partition, records, [], 0, None, None, True, fetcher.READ_UNCOMMITTED))


def numbered(*raw_batches: bytearray) -> bytes:
    """These batches with consecutive offsets, as a broker would store them."""
    at, log = 0, b""
    for raw in raw_batches:
        raw[0:8] = at.to_bytes(8, "big")
        log += bytes(raw)
        at += len(ENVELOPES)
    return log


def stored(record: ConsumerRecord[bytes, bytes]) -> Record:
    headers: Any = record.headers
    return Record(record.topic, record.partition, record.offset, record.key, headers, record.value)


def test_a_header_whose_name_is_no_utf_8_hides_no_record():
    records = read(numbered(batches.batch(ENVELOPES), batches.batch(ENVELOPES, b"cafe")))
    assert [record.offset for record in records] == list(range(2 * len(ENVELOPES)))
    assert [record.value for record in records] == 2 * [e.data.encode() for e in ENVELOPES]
    assert records[0].headers[-1][0].encode("utf-8", "surrogateescape") == batches.LATIN
    assert records[0].timestamp == records[len(ENVELOPES)].timestamp
    record = stored(records[0])
    assert Record.unpack(record.pack()) == record


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (batches.batch(ENVELOPES, codec=batches.ZSTD), "packed with zstd"),
        (batches.batch(ENVELOPES)[:-1] + b"?", "checksum"),
    ],
    ids=["a codec that is not installed", "a wrong checksum"],
)
def test_an_unreadable_batch_is_replaced_by_one_record(broken: bytearray, cause: str):
    records = read(numbered(broken, batches.batch(ENVELOPES, b"cafe")))
    assert [record.offset for record in records] == [0, *range(len(ENVELOPES), 2 * len(ENVELOPES))]
    assert cause in unreadable(stored(records[0]))
    assert records[0].value == bytes(broken)
    assert unreadable(stored(records[1])) == ""


def test_an_offset_outside_of_its_batch_is_not_followed():
    for at in range(61, len(WHOLE)):
        changed = bytearray(WHOLE)
        changed[at] = 0x7E
        assert all(record.offset < len(ENVELOPES) for record in read(numbered(batches.sealed(changed)))), at


@given(at=st.integers(61, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_any_change_of_a_batch_leaves_the_next_batch_readable(at: int, byte: int):
    changed = bytearray(WHOLE)
    changed[at] = byte
    records = read(numbered(batches.sealed(changed), batches.batch(ENVELOPES, b"cafe")))
    assert [record.offset for record in records][-len(ENVELOPES) :] == list(range(len(ENVELOPES), 2 * len(ENVELOPES)))
    assert [record.value for record in records[-len(ENVELOPES) :]] == [e.data.encode() for e in ENVELOPES]
