"""Hears citizens after submission: each voice once, told as a note, what it hides sealed into the vault."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.attachments import queries as attachments
from services.intake.attachments.service import bind
from services.intake.channels.channel import Channel
from services.intake.notes import queries
from services.intake.notes.domain import Note, Sighting, Supplement, Support, Voice, may_be_said, note
from services.intake.notes.queries import Told
from services.intake.notes.supporter_queries import First
from services.intake.notes.supporters import Supporters, count_nameless
from services.intake.submission.repeated import reference_taken
from services.intake.tracking import queries as tracking
from services.intake.vault import queries as vault_queries
from services.intake.vault.adding import add_voice, holds_another
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Connection, Pool
from shared.contracts.demand.facts import DemandSupported, Fact
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import parse
from shared.contracts.refusals import Code, FieldError, Refused

VOICES: Final = UUID("4c7f3b44-3a0b-5f0a-9f58-0d5c1ad4a2a1")


@dataclass(frozen=True, slots=True)
class NoteRequest:
    """A voice, and the key under which the channel may repeat it."""

    channel: Channel
    key: str
    voice: Voice

    @property
    def cause(self) -> UUID:
        """The same for every repetition: the ids of the note and of its box are derived from it."""
        return cause_of(self.channel, self.key)


@dataclass(frozen=True, slots=True)
class NoteReceipt:
    """The note that a voice became, or already was."""

    id: UUID
    number: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ExpectedNote:
    """What a voice would have become: a note of a demand, and the box of what it hides."""

    demand: UUID
    box: UUID
    written: Note


def cause_of(channel: Channel, key: str) -> UUID:
    """What a channel says under a key has one cause."""
    return uuid5(VOICES, f"{channel.id}\n{key}")


@dataclass(frozen=True, slots=True)
class NoteHandler:
    """One transaction a voice, under the demand's lock."""

    pool: Pool
    repository: Repository[Demand, Fact]
    vault: Vault
    clock: Callable[[], datetime] = now

    async def hear(self, demand: UUID, said: NoteRequest) -> NoteReceipt:
        """Tell the note, unless it was told; raises `Refused`."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            return await self.tell(db, demand, said)

    async def sight(self, demand: UUID, channel: Channel, sighting: Sighting) -> NoteReceipt:
        """Record that a channel's reference stands for a demand of another; raises `Refused`."""
        reference = self.vault.reference(sighting.external_id)
        said = NoteRequest(channel, f"sighting:{reference}", sighting)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await queries.hold_references(db, channel.id)
            known = await tracking.reference(db, channel.id, reference)
            if known and (known.submitted or known.demand != demand):
                raise reference_taken(sighting.external_id, known.number)
            heard = await self.tell(db, demand, said)
            await queries.put_sighting(db, channel.id, reference, demand, heard.at)
        return heard

    async def before(self, channel: Channel, key: str) -> NoteReceipt | None:
        """What the channel said under this key, if it did."""
        id = uuid5(cause_of(channel, key), "0")
        async with self.pool.acquire(timeout=5) as db:
            told = await queries.told(db, id)
        return NoteReceipt(id, told.number, told.at) if told else None

    async def tell(self, db: Connection, key: UUID, said: NoteRequest) -> NoteReceipt:
        """The same within the caller's transaction."""
        at, reference = self.clock(), uuid5(said.cause, "sealed")
        work = await self.repository.load(db, [key], at)
        written = note(said.voice, said.channel, reference)
        id = uuid5(said.cause, "0")
        told = await queries.told(db, id)
        if told:
            await self._must_be_same(db, told, said, ExpectedNote(key, reference, written))
            return NoteReceipt(id, told.number, told.at)
        demand = work.state(key)
        if first := await self._supported(db, demand, said, First(id, at)):
            return NoteReceipt(first.note, demand.number, first.at)
        may_be_said(said.voice, demand)
        await _bound(db, said, key, at)
        work.record(key, [written.fact], at, said.cause)
        await self.repository.save(db, work)
        if written.sealed:
            await add_voice(db, self.vault, key, reference, written.sealed)
        return NoteReceipt(id, demand.number, at)

    async def _supported(self, db: Connection, demand: Demand, said: NoteRequest, new: First) -> First | None:
        """What this person was answered first; None where the support is to be told. Raises `Refused`."""
        if not isinstance(said.voice, Support):
            return None
        supporters = Supporters(self.vault)
        people = await supporters.people(db, demand.id, said.voice.contact)
        if first := await supporters.first(db, demand.id, people):
            return first
        may_be_said(said.voice, demand)
        if not people:
            await count_nameless(db, demand.id, said.channel.id, demand.number, new.at)
            return None
        return None if await supporters.is_another(db, demand.id, people, new) else new

    async def _must_be_same(self, db: Connection, told: Told, said: NoteRequest, sought: ExpectedNote) -> None:
        sealed = sought.written.sealed
        first, again = _said(parse(told.type, told.payload)), _said(sought.written.fact)
        same = (told.demand, first) == (sought.demand, again)
        # A reference that is seen again needs no key: whatever is said with it, it is the same matter.
        if same and sealed and not isinstance(said.voice, Sighting):
            same = not await holds_another(db, self.vault, sought.demand, sought.box, sealed)
        if not same:
            raise _key_used(told.number)


async def _bound(db: Connection, said: NoteRequest, demand: UUID, at: datetime) -> None:
    attached = said.voice.attachments if isinstance(said.voice, Supplement) else ()
    if refused := await bind(db, said.channel.id, [(demand, attached)]):
        raise refused[demand]
    if attached and await vault_queries.is_erased(db, demand):
        await attachments.erase(db, demand, at)


def _said(fact: Fact) -> Fact:
    """What was said, without what is known of the channel: a note of an earlier release does not tell its kind."""
    return fact.model_copy(update={"channel_kind": None}) if isinstance(fact, DemandSupported) else fact


def _key_used(number: str) -> Refused:
    en = f"this key was used for something else that was said about {number}; send a new Idempotency-Key"
    zh = f"该幂等键已用于诉求 {number} 的其他内容，请换一个新的幂等键"
    return Refused(Code.KEY_REUSED, en, zh, (FieldError("Idempotency-Key", zh, en),))
