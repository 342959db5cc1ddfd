"""Puts a batch in sequence: a record is applied, dropped, skipped, parked or dead. Nothing here waits for anything."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg.pgproto import pgproto

from shared.chassis.aggregates.unit_of_work import UnitOfWork
from shared.chassis.consumer.dead_letters import Rejected
from shared.chassis.consumer.inbox import Loaded, Place
from shared.chassis.consumer.record import Record, unreadable
from shared.chassis.tracing import hops
from shared.chassis.tracing.spans import Span
from shared.contracts.envelope import Envelope, read
from shared.contracts.refusals import Refused
from shared.contracts.topics import STREAM_OF

AnyWork = UnitOfWork[Any, Any]


class Disposition(StrEnum):
    """What becomes of a record."""

    APPLIED = "applied"
    DROPPED = "dropped"
    SKIPPED = "skipped"
    PARKED = "parked"
    DEAD = "dead"


class Parsed(NamedTuple):
    """A record with what it says, or with the reason why it says nothing."""

    record: Record
    envelope: Envelope | None
    cause: str = ""


def parse_record(record: Record) -> Parsed:
    """Read a record."""
    try:
        return Parsed(record, envelope_of(record))
    except Refused as refused:
        return Parsed(record, None, unreadable(record) or str(refused))


def stream_of(topic: str) -> str:
    """The stream that a topic carries; a topic that is none of ours has a stream of its own name."""
    return STREAM_OF.get(topic, topic)


def envelope_of(record: Record) -> Envelope:
    """What the record says; raises `Refused`. Ids are asyncpg's UUID: the standard one, written in C."""
    return read(stream_of(record.topic), record.key, record.headers, record.value, pgproto.UUID)


@dataclass(slots=True)
class Sequencer:
    """A batch on its way through the units of work of its streams."""

    works: Mapping[str, AnyWork]
    """By stream."""
    loaded: Loaded
    dispositions: list[Disposition] = field(default_factory=list)
    """One for each record, in order."""
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[UUID] = field(default_factory=list)
    early: dict[Place, Record] = field(default_factory=dict)
    """What still waits: an earlier fact is missing, or this version does not know the fact."""
    resumed: set[Place] = field(default_factory=set)
    """What was parked before this batch and waits no longer."""
    spans: list[Span] = field(default_factory=list)
    """One for each fact whose trace is recorded; they end when the batch is durable."""

    def add(self, batch: Iterable[Parsed]) -> None:
        """Take records in their order."""
        for parsed in batch:
            work = self.works.get(parsed.envelope.stream) if parsed.envelope else None
            if parsed.envelope is None or work is None:
                self.dispositions.append(self._reject(parsed.record, parsed.cause or self._foreign(parsed.record)))
            else:
                self.dispositions.append(self._sequence(work, parsed.record, parsed.envelope))
                if self.early or self.loaded.parked:
                    self.resume(parsed.envelope.stream, parsed.envelope.key)

    def _foreign(self, record: Record) -> str:
        return f"{record.topic} is not read here, but {', '.join(self.works)}"

    def _sequence(self, work: AnyWork, record: Record, envelope: Envelope) -> Disposition:
        if envelope.sequence is None:
            return self._note(work, record, envelope)
        expected = work.state(envelope.key).version + 1
        if envelope.sequence < expected:
            return Disposition.DROPPED
        place = (envelope.stream, envelope.key, envelope.sequence)
        if envelope.sequence > expected or not work.rules.handles(envelope.type):
            # What it waits for may come later in this very batch, or with a version that knows it.
            self.early[place] = record
            return Disposition.PARKED
        disposition = self._apply(work, record, envelope)
        if disposition is Disposition.APPLIED and (self.early or self.loaded.parked):
            self._unpark(place)
        return disposition

    def _note(self, work: AnyWork, record: Record, envelope: Envelope) -> Disposition:
        if not work.rules.handles(envelope.type):  # of a newer service; no status depends on it
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
            envelope = envelope._replace(traceparent=span.traceparent)  # what follows from it follows this span
        try:
            work.apply(envelope)
        except Refused as refused:
            span.fail(refused.code)
            return self._reject(record, str(refused))
        return Disposition.APPLIED

    def _reject(self, record: Record, cause: str) -> Disposition:
        self.rejected.append(Rejected.because(record, cause))
        return Disposition.DEAD

    def _unpark(self, place: Place) -> None:
        self.early.pop(place, None)
        if self.loaded.parked.pop(place, None):
            self.resumed.add(place)

    def resume(self, stream: str, key: UUID) -> None:
        """Apply what waited and may now follow; one that is refused is dead, the record before it is not to blame."""
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
            else:  # the version before took it for one that could be read
                self._reject(record, parsed.cause)
