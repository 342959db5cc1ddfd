"""Sorts a batch: each record is applied, dropped, parked or dead. Nothing here waits for anything."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple
from uuid import UUID

from asyncpg.pgproto import pgproto

from shared.chassis.aggregates.unit_of_work import Page
from shared.chassis.consumer.dead_letters import Dead
from shared.chassis.consumer.inbox import Place, Recalled
from shared.chassis.consumer.record import Record, unreadable
from shared.contracts.envelope import Envelope, read
from shared.contracts.refusals import Refused
from shared.contracts.rules import F, S
from shared.contracts.topics import TOPICS

STREAM_OF = {topic.name: topic.carries for topic in TOPICS}


class Fate(StrEnum):
    """What becomes of a record."""

    APPLIED = "applied"
    DROPPED = "dropped"
    PARKED = "parked"
    DEAD = "dead"


class Heard(NamedTuple):
    """A record with what it says, or with the reason why it says nothing."""

    record: Record
    envelope: Envelope | None
    cause: str = ""


def hear(record: Record) -> Heard:
    """Read a record."""
    try:
        return Heard(record, envelope_of(record))
    except Refused as refused:
        return Heard(record, None, unreadable(record) or str(refused))


def envelope_of(record: Record) -> Envelope:
    """What the record says; raises `Refused`. Ids are asyncpg's UUID: the standard one, written in C."""
    stream = STREAM_OF.get(record.topic, record.topic)
    return read(stream, record.key, record.headers, record.value, pgproto.UUID)


@dataclass(slots=True)
class Sorting(Generic[S, F]):
    """A batch on its way through a page."""

    page: Page[S, F]
    recalled: Recalled
    fates: list[Fate] = field(default_factory=list)
    """One for each record, in order."""
    dead: list[Dead] = field(default_factory=list)
    notes: list[UUID] = field(default_factory=list)
    early: dict[Place, Record] = field(default_factory=dict)
    """What came before its time and still waits."""
    taken_up: set[Place] = field(default_factory=set)
    """What was parked before this batch and waits no longer."""

    def add(self, batch: Iterable[Heard]) -> None:
        """Sort records in their order."""
        for heard in batch:
            if heard.envelope is None:
                self.fates.append(self._bury(heard.record, heard.cause))
            else:
                self.fates.append(self._place(heard.record, heard.envelope))
                self._take_up(heard.envelope.key)

    def _place(self, record: Record, envelope: Envelope) -> Fate:
        if envelope.sequence is None:
            return self._note(record, envelope)
        expected = self.page.state(envelope.key).version + 1
        if envelope.sequence > expected:
            # What it waits for may come later in this very batch.
            self.early[envelope.key, envelope.sequence] = record
            return Fate.PARKED
        return self._apply(record, envelope) if envelope.sequence == expected else Fate.DROPPED

    def _note(self, record: Record, envelope: Envelope) -> Fate:
        if envelope.id in self.recalled.seen:
            return Fate.DROPPED
        fate = self._apply(record, envelope)
        if fate is Fate.APPLIED:
            self.recalled.seen.add(envelope.id)
            self.notes.append(envelope.id)
        return fate

    def _apply(self, record: Record, envelope: Envelope) -> Fate:
        try:
            self.page.hear(envelope)
        except Refused as refused:
            return self._bury(record, str(refused))
        return Fate.APPLIED

    def _bury(self, record: Record, cause: str) -> Fate:
        self.dead.append(Dead.because(record, cause))
        return Fate.DEAD

    def _take_up(self, key: UUID) -> None:
        """Apply what waited and may now follow; one that is refused is dead, the record before it is not to blame."""
        while self.early or self.recalled.parked:
            place = (key, self.page.state(key).version + 1)
            record = self.early.pop(place, None)
            if place in self.recalled.parked:
                record = self.recalled.parked.pop(place)
                self.taken_up.add(place)
            if record is None:
                return
            heard = hear(record)
            if heard.envelope:
                self._apply(record, heard.envelope)
            else:  # the version before took it for one that could be read
                self._bury(record, heard.cause)
