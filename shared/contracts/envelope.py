"""The CloudEvents 1.0 envelope in Kafka's binary mode: attributes in headers, the fact as the value.

Rule: CloudEvents 1.0 Kafka protocol binding, section 3.2 (binary content mode).
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.contracts.moment import RULE_EN, is_supported
from shared.contracts.refusals import Code, Refused
from shared.contracts.trace_context import parse

CONTENT_TYPE: Final = "application/json; charset=utf-8"
Headers = list[tuple[str, bytes]]
HIGHEST: Final = 2**31 - 1
"""The highest sequence of a fact: readers store it as a 32-bit integer."""
_OPTIONAL: Final = ("ce_sequence", "ce_causationid", "ce_correlationid", "ce_traceparent")


class Envelope(NamedTuple):
    """One fact with its CloudEvents attributes; `data` is the fact as JSON text, `key` the id of its aggregate."""

    id: UUID
    stream: str
    key: UUID
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int | None
    causation: UUID | None
    correlation: UUID | None
    traceparent: str | None
    imported: bool
    data: str

    def headers(self) -> Headers:
        """The Kafka headers; absent attributes are left out."""
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", str(self.id).encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_subject", self.subject.encode()),
            ("ce_time", self.time.isoformat().encode()),
            ("ce_partitionkey", str(self.key).encode()),
            ("content-type", CONTENT_TYPE.encode()),
        ]
        optional = (
            ("ce_sequence", self.sequence),
            ("ce_causationid", self.causation),
            ("ce_correlationid", self.correlation),
            ("ce_traceparent", self.traceparent),
            ("ce_imported", "true" if self.imported else None),
        )
        headers.extend((name, str(value).encode()) for name, value in optional if value is not None)
        return headers


def read(
    stream: str,
    key: bytes | None,
    headers: Iterable[tuple[str, bytes | None]],
    value: bytes | None,
    uuid: Callable[[str], UUID] = UUID,
) -> Envelope:
    """Parse the envelope of a Kafka record; raises `Refused` and says what is missing or unreadable.

    `uuid` parses ids; a consumer, which parses many records, passes a faster class.
    """
    attributes: dict[str, bytes] = {name: content for name, content in headers if content is not None}
    sequence, cause, correlation, trace = map(attributes.get, _OPTIONAL)
    try:
        return Envelope(
            id=uuid(attributes["ce_id"].decode()),
            stream=stream,
            key=uuid((key or b"").decode()),
            type=attributes["ce_type"].decode(),
            source=attributes["ce_source"].decode(),
            subject=attributes["ce_subject"].decode(),
            time=_time(attributes["ce_time"].decode()),
            sequence=None if sequence is None else _sequence(sequence),
            causation=uuid(cause.decode()) if cause else None,
            correlation=uuid(correlation.decode()) if correlation else None,
            traceparent=None if trace is None else _traceparent(trace),
            imported=attributes.get("ce_imported") == b"true",
            data=(value or b"").decode(),
        )
    except KeyError as missing:
        raise Refused(Code.UNREADABLE, f"the CloudEvents header {missing} is missing") from None
    except (ValueError, OverflowError) as fault:
        raise Refused(Code.UNREADABLE, f"not a CloudEvents record: {fault}") from None


def traceparent_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The `traceparent` in the headers of a record, which may be unreadable otherwise; None if there is none."""
    text = dict(headers).get("ce_traceparent")
    return _traceparent(text) if text else None


def source_of(service: str) -> str:
    """The `ce_source` of facts of a service, from the service's name."""
    return f"/services/{service}"


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("time has no time zone")
    if not is_supported(time):
        raise ValueError(f"time {RULE_EN}")
    return time


def _traceparent(text: bytes) -> str | None:
    """The `traceparent`, or None if it is not valid: a wrong one must not make the fact unreadable."""
    traceparent = text.decode("latin-1")
    return traceparent if parse(traceparent) else None


def _sequence(text: bytes) -> int:
    # `int` alone would accept signs, blanks and underscores, and any number of digits.
    number = int(text) if text.isdigit() and len(text) <= len(str(HIGHEST)) else 0
    if not 1 <= number <= HIGHEST:
        raise ValueError(f"sequence is a whole number from 1 to {HIGHEST}")
    return number


def unversioned(type: str) -> str:
    """The type of a fact without its version: `parcel.sent` from `parcel.sent.v2`."""
    name, _, version = type.rpartition(".")
    return name if version[:1] == "v" and version[1:].isdigit() else type
