"""Other libraries can read our envelopes as CloudEvents, and we can read theirs."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.contracts.envelope import Envelope, read
from shared.contracts.refusals import Refused

TOLD = Envelope(
    id=UUID(int=7),
    stream="demand",
    key=UUID(int=1),
    type="demand.accepted.v1",
    source="/services/routing",
    subject="NH21-000001-W",
    time=datetime(2021, 5, 10, 2, 3, 4, 567000, tzinfo=UTC),
    sequence=3,
    causation=UUID(int=5),
    correlation=None,
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    imported=True,
    data='{"by":"陈"}',
)


def record(headers: dict[str, bytes] | None = None, **changes: object):
    all_headers = dict(TOLD.headers()) | (headers or {})
    fields = {"key": str(TOLD.key).encode(), "value": TOLD.data.encode()} | changes
    return read("demand", fields["key"], [(n, v) for n, v in all_headers.items() if v is not None], fields["value"])


def test_what_is_written_is_read_again():
    assert record() == TOLD


def test_the_cloudevents_library_reads_ours():
    message = KafkaMessage(headers=dict(TOLD.headers()), key=str(TOLD.key).encode(), value=TOLD.data.encode())
    event = from_binary_event(message, JSONFormat())
    assert event.get_type() == TOLD.type
    assert event.get_time() == TOLD.time
    assert event.get_data() == {"by": "陈"}
    assert event.get_extension("sequence") == "3"


def test_we_read_what_the_cloudevents_library_writes():
    attributes = {
        "id": str(TOLD.id),
        "type": TOLD.type,
        "source": TOLD.source,
        "subject": TOLD.subject,
        "time": TOLD.time,
        "partitionkey": str(TOLD.key),
        "sequence": "3",
        "datacontenttype": "application/json",
    }
    message = to_binary_event(CloudEvent(attributes, {"by": "陈"}), JSONFormat())
    key = message.key if isinstance(message.key, bytes) else str(message.key).encode()
    envelope = read("demand", key, list(message.headers.items()), message.value)
    assert (envelope.id, envelope.sequence, envelope.time) == (TOLD.id, 3, TOLD.time)


NO_SEQUENCES = (b"0", b"-1", b"+1", b"1_0", b" 1", b"", b"2147483648", b"9" * 5000)


@pytest.mark.parametrize(
    ("headers", "changes", "reason"),
    [
        ({"ce_id": None}, {}, "'ce_id' is missing"),
        ({"ce_id": b"x"}, {}, "UUID"),
        ({"ce_time": b"2021-05-10T02:03:04"}, {}, "no time zone"),
        *(({"ce_sequence": given}, {}, "from 1 to 2147483647") for given in NO_SEQUENCES),
        ({"ce_time": b"0001-01-01T00:00:00+14:00"}, {}, "1900"),
        ({}, {"key": None}, "UUID"),
        ({}, {"value": b"\xff\xfe"}, "utf-8"),
    ],
)
def test_a_record_that_is_not_an_envelope_says_why(headers: dict[str, bytes], changes: dict[str, object], reason: str):
    with pytest.raises(Refused, match=reason):
        record(headers, **changes)
