"""What was fetched is read whatever it is: a batch that aiokafka cannot read hides nothing that lies behind it."""

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

TOLD = [envelope(fact, n) for n, fact in enumerate(story.RESOLVED, 1)]
WHOLE = bytes(batches.batch(TOLD, b"cafe"))


def read(raw: bytes) -> list[ConsumerRecord[bytes, bytes]]:
    """What a consumer is handed of these batches, which lie one behind the other."""
    partition = TopicPartition("topic", 0)
    records: Any = fetched.Batches(raw)
    return list(fetcher.PartitionRecords(partition, records, [], 0, None, None, True, fetcher.READ_UNCOMMITTED))


def numbered(*made: bytearray) -> bytes:
    """These batches, each with as many offsets as records, as a broker would keep them."""
    at, found = 0, b""
    for one in made:
        one[0:8] = at.to_bytes(8, "big")
        found += bytes(one)
        at += len(TOLD)
    return found


def stored(record: ConsumerRecord[bytes, bytes]) -> Record:
    headers: Any = record.headers
    return Record(record.topic, record.partition, record.offset, record.key, headers, record.value)


def test_a_header_whose_name_is_no_utf_8_hides_no_record():
    found = read(numbered(batches.batch(TOLD), batches.batch(TOLD, b"cafe")))
    assert [record.offset for record in found] == list(range(2 * len(TOLD)))
    assert [record.value for record in found] == 2 * [e.data.encode() for e in TOLD]
    assert found[0].headers[-1][0].encode("utf-8", "surrogateescape") == batches.LATIN
    assert found[0].timestamp == found[len(TOLD)].timestamp
    record = stored(found[0])
    assert Record.unpack(record.pack()) == record


@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (batches.batch(TOLD, codec=batches.ZSTD), "packed with zstd"),
        (batches.batch(TOLD)[:-1] + b"?", "check sum"),
    ],
    ids=["a codec that is not installed", "a wrong check sum"],
)
def test_one_record_stands_in_for_a_batch_that_cannot_be_read(broken: bytearray, cause: str):
    found = read(numbered(broken, batches.batch(TOLD, b"cafe")))
    assert [record.offset for record in found] == [0, *range(len(TOLD), 2 * len(TOLD))]
    assert cause in unreadable(stored(found[0]))
    assert found[0].value == bytes(broken)
    assert unreadable(stored(found[1])) == ""


def test_an_offset_that_lies_outside_of_its_batch_leads_nowhere():
    for at in range(61, len(WHOLE)):
        changed = bytearray(WHOLE)
        changed[at] = 0x7E
        assert all(record.offset < len(TOLD) for record in read(numbered(batches.sealed(changed)))), at


@given(at=st.integers(61, len(WHOLE) - 1), byte=st.integers(0, 255))
def test_whatever_is_changed_in_a_batch_what_lies_behind_it_is_reached(at: int, byte: int):
    changed = bytearray(WHOLE)
    changed[at] = byte
    found = read(numbered(batches.sealed(changed), batches.batch(TOLD, b"cafe")))
    assert [record.offset for record in found][-len(TOLD) :] == list(range(len(TOLD), 2 * len(TOLD)))
    assert [record.value for record in found[-len(TOLD) :]] == [e.data.encode() for e in TOLD]
