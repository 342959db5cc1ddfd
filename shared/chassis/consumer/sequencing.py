"""Sequencing: decides in memory whether a record is applied, dropped, skipped, parked or a dead letter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg.pgproto import pgproto

from shared.chassis.aggregates.unit_of_work import UnitOfWork
from shared.chassis.consumer.dead_letters import RejectedRecord
from shared.chassis.consumer.inbox import Loaded, Place
from shared.chassis.consumer.record import Record, unreadable
from shared.chassis.tracing import hops
from shared.chassis.tracing.spans import Span
from shared.contracts.envelope import Envelope, read
from shared.contracts.refusals import Refused
from shared.contracts.topics import STREAM_OF

AnyWork = UnitOfWork[Any, Any]


class Disposition(StrEnum):
    """What was done with a record."""

    APPLIED = "applied"
    DROPPED = "dropped"
    """It was applied before."""
    SKIPPED = "skipped"
    """A note of a type that this version does not know."""
    PARKED = "parked"
    """An earlier fact is missing, or this version does not know the type."""
    DEAD = "dead"


class ParsedRecord(NamedTuple):
    """A record with its envelope, or with the reason why it has none."""

    record: Record
    envelope: Envelope | None
    cause: str = ""


def parse_record(record: Record) -> ParsedRecord:
    """Parse a record; it never raises `Refused`."""
    try:
        return ParsedRecord(record, envelope_of(record))
    except Refused as refused:
        return ParsedRecord(record, None, unreadable(record) or str(refused))


def stream_of(topic: str) -> str:
    """The stream of a topic; for a topic that is not one of ours, the topic's own name."""
    return STREAM_OF.get(topic, topic)


def envelope_of(record: Record) -> Envelope:
    """The envelope of a record; raises `Refused`. Its ids are asyncpg's UUID, a faster subclass of the standard one."""
    return read(stream_of(record.topic), record.key, record.headers, record.value, pgproto.UUID)


@dataclass(slots=True)
class Sequencer:
    """Applies the records of a batch to the units of work of their streams."""

    works: Mapping[str, AnyWork]
    """By stream."""
    loaded: Loaded
    dispositions: list[Disposition] = field(default_factory=list)
    """One for each record, in order."""
    rejected: list[RejectedRecord] = field(default_factory=list)
    notes: list[UUID] = field(default_factory=list)
    early: dict[Place, Record] = field(default_factory=dict)
    """Records of this batch to park: an earlier fact is missing, or this version does not know the type."""
    resumed: set[Place] = field(default_factory=set)
    """Facts that were parked before this batch and have now been handled."""
    spans: list[Span] = field(default_factory=list)
    """One for each fact whose trace is recorded; the caller ends them when the batch is durable."""

    def add(self, batch: Iterable[ParsedRecord]) -> None:
        """Handle the records in their order."""
        for parsed in batch:
            work = self.works.get(parsed.envelope.stream) if parsed.envelope else None
            if parsed.envelope is None or work is None:
                self.dispositions.append(self._reject(parsed.record, parsed.cause or self._foreign(parsed.record)))
            else:
                self.dispositions.append(self._sequence(work, parsed.record, parsed.envelope))
                if self.early or self.loaded.parked:
                    self.resume(parsed.envelope.stream, parsed.envelope.key)

    def _foreign(self, record: Record) -> str:
        return f"{record.topic} is not a topic of this service, which reads {', '.join(self.works)}"

    def _sequence(self, work: AnyWork, record: Record, envelope: Envelope) -> Disposition:
        if envelope.sequence is None:
            return self._note(work, record, envelope)
        expected = work.state(envelope.key).version + 1
        if envelope.sequence < expected:
            return Disposition.DROPPED
        place = (envelope.stream, envelope.key, envelope.sequence)
        if envelope.sequence > expected or not work.rules.handles(envelope.type):
            # The missing fact may come later in this batch; a newer version of the service may know the type.
            self.early[place] = record
            return Disposition.PARKED
        disposition = self._apply(work, record, envelope)
        if disposition is Disposition.APPLIED and (self.early or self.loaded.parked):
            self._unpark(place)
        return disposition

    def _note(self, work: AnyWork, record: Record, envelope: Envelope) -> Disposition:
        if not work.rules.handles(envelope.type):  # a newer service sent it; notes never change a status
            return Disposition.SKIPPED
        if envelope.id in self.loaded.seen:
            return Disposition.DROPPED
        disposition = self._apply(work, record, envelope)
        if disposition is Disposition.APPLIED:
            self.loaded.seen.add(envelope.id)
            self.notes.append(envelope.id)
        return disposition

    def _apply(self, work: AnyWork, record: Record, envelope: Envelope) -> Disposition:
        span = hops.handled(envelope, work.rules.service, work.now)
        if span.is_recorded:
            self.spans.append(span)
            envelope = envelope._replace(traceparent=span.traceparent)  # reactions become children of this span
        try:
            work.apply(envelope)
        except Refused as refused:
            span.fail(refused.code)
            return self._reject(record, str(refused))
        return Disposition.APPLIED

    def _reject(self, record: Record, cause: str) -> Disposition:
        self.rejected.append(RejectedRecord.because(record, cause))
        return Disposition.DEAD

    def _unpark(self, place: Place) -> None:
        self.early.pop(place, None)
        if self.loaded.parked.pop(place, None):
            self.resumed.add(place)

    def resume(self, stream: str, key: UUID) -> None:
        """Apply the parked facts of an aggregate that are next in sequence; a refused one becomes a dead letter."""
        work = self.works[stream]
        while self.early or self.loaded.parked:
            place = (stream, key, work.state(key).version + 1)
            record = self.loaded.parked.get(place) or self.early.get(place)
            if record is None:
                return
            parsed = parse_record(record)
            if parsed.envelope and not work.rules.handles(parsed.envelope.type):
                return
            self._unpark(place)
            if parsed.envelope:
                self._apply(work, record, parsed.envelope)
            else:  # an older version of the service could parse the record and parked it; this version cannot
                self._reject(record, parsed.cause)
