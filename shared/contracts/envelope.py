"""The CloudEvents 1.0 envelope in Kafka's binary mode: attributes in headers, the fact as the value.

Rule: CloudEvents 1.0 Kafka protocol binding, section 3.2 (binary content mode).
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from shared.contracts.moment import RULE_EN, can_be_told
from shared.contracts.refusals import Code, Refused
from shared.contracts.trace_context import parse

CONTENT_TYPE: Final = "application/json; charset=utf-8"
Headers = list[tuple[str, bytes]]
HIGHEST: Final = 2**31 - 1
"""Of the sequence in the life of one aggregate: what readers keep it in."""
_OPTIONAL: Final = ("ce_sequence", "ce_causationid", "ce_correlationid", "ce_traceparent")


class Envelope(NamedTuple):
    """One fact on its way: what it is about, who told it when, and the fact as JSON text."""

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
        """Kafka headers; attributes that are absent are left out."""
        found = [
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
        found.extend((name, str(value).encode()) for name, value in optional if value is not None)
        return found


def read(
    stream: str,
    key: bytes | None,
    headers: Iterable[tuple[str, bytes | None]],
    value: bytes | None,
    uuid: Callable[[str], UUID] = UUID,
) -> Envelope:
    """The envelope of a Kafka record; raises `Refused` with what is missing or unreadable.

    `uuid` makes ids of text: a reader of many records gives a faster one.
    """
    told: dict[str, bytes] = {name: given for name, given in headers if given is not None}
    sequence, cause, correlation, trace = map(told.get, _OPTIONAL)
    try:
        return Envelope(
            id=uuid(told["ce_id"].decode()),
            stream=stream,
            key=uuid((key or b"").decode()),
            type=told["ce_type"].decode(),
            source=told["ce_source"].decode(),
            subject=told["ce_subject"].decode(),
            time=_time(told["ce_time"].decode()),
            sequence=None if sequence is None else _sequence(sequence),
            causation=uuid(cause.decode()) if cause else None,
            correlation=uuid(correlation.decode()) if correlation else None,
            traceparent=None if trace is None else _traceparent(trace),
            imported=told.get("ce_imported") == b"true",
            data=(value or b"").decode(),
        )
    except KeyError as missing:
        raise Refused(Code.UNREADABLE, f"the CloudEvents header {missing} is missing") from None
    except (ValueError, OverflowError) as fault:
        raise Refused(Code.UNREADABLE, f"not a CloudEvents record: {fault}") from None


def traceparent_of(headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The trace that a record is part of, be the rest of it readable or not."""
    text = dict(headers).get("ce_traceparent")
    return _traceparent(text) if text else None


def source_of(service: str) -> str:
    """The source (`ce_source`) of what a service tells, by the service's name."""
    return f"/services/{service}"


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("time has no time zone")
    if not can_be_told(time):
        raise ValueError(f"time {RULE_EN}")
    return time


def _traceparent(text: bytes) -> str | None:
    """None where it is none: a trace that cannot be read is no fault of the fact."""
    known = text.decode("latin-1")
    return known if parse(known) else None


def _sequence(text: bytes) -> int:
    # `int` would also take signs, blanks and underscores, and as many digits as somebody sends.
    number = int(text) if text.isdigit() and len(text) <= len(str(HIGHEST)) else 0
    if not 1 <= number <= HIGHEST:
        raise ValueError(f"sequence is a whole number from 1 to {HIGHEST}")
    return number


def unversioned(type: str) -> str:
    """A type of facts without its version: `parcel.sent` of `parcel.sent.v2`."""
    name, _, version = type.rpartition(".")
    return name if version[:1] == "v" and version[1:].isdigit() else type
