"""Handles notes: records each once, and seals in the vault what the note hides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from services.intake.attachments import queries as attachments
from services.intake.attachments.service import bind
from services.intake.channels.channel import Channel
from services.intake.notes import queries
from services.intake.notes.domain import (
    SUPPLEMENT,
    Note,
    NoteBody,
    Sighting,
    Supplement,
    Support,
    check_status,
    note,
    supplement,
)
from services.intake.notes.queries import RecordedNote
from services.intake.notes.supporter_queries import First
from services.intake.notes.supporters import Supporters, count_nameless
from services.intake.publications import queries as publications
from services.intake.submission.fitting import fitted
from services.intake.submission.repeated import reference_taken
from services.intake.tracking import queries as tracking
from services.intake.vault import queries as vault_queries
from services.intake.vault.adding import has_other_data, store_personal_data
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.commands import CommandHandler
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import DemandSupported, Fact, NoteFact, PublicationAllowed, VerdictGiven
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import parse
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.wording import passages
from shared.masker.masker import Masker

NOTES_NAMESPACE: Final = UUID("4c7f3b44-3a0b-5f0a-9f58-0d5c1ad4a2a1")


@dataclass(frozen=True, slots=True)
class NoteRequest:
    """A command for a note, with the channel and its idempotency key."""

    channel: Channel
    key: str
    body: NoteBody

    @property
    def cause(self) -> UUID:
        """The id from which the ids of the note and of its box are derived; a repeated request has the same one."""
        return cause_of(self.channel, self.key)

    @property
    def box(self) -> UUID:
        """The id of the box in which the vault stores what the note hides."""
        return uuid5(self.cause, "sealed")


@dataclass(frozen=True, slots=True)
class NoteReceipt:
    """The answer to a request: its note, or the note of the request that it repeats."""

    id: UUID
    number: str
    at: datetime
    solved: bool | None = None
    """For a verdict, whether the matter is solved; None for other notes."""


def cause_of(channel: Channel, key: str) -> UUID:
    """The cause of a channel's request: the same for the same key."""
    return uuid5(NOTES_NAMESPACE, f"{channel.id}\n{key}")


@dataclass(frozen=True, slots=True)
class NoteHandler:
    """Records each note in one transaction, which locks the demand."""

    pool: Pool
    repository: Repository[Demand, Fact]
    vault: Vault
    clock: Callable[[], datetime] = now
    masker: Masker = field(default_factory=Masker)

    async def record(self, demand: UUID, note_request: NoteRequest) -> NoteReceipt:
        """Record the note, unless it was recorded before; raises `Refused`."""
        note = await self.masked_note(note_request)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            return await self.record_within(db, demand, note_request, note)

    async def record_sighting(self, demand: UUID, channel: Channel, sighting: Sighting) -> NoteReceipt:
        """Record a sighting: the channel's reference stands for a demand of another channel. Raises `Refused`."""
        reference = self.vault.reference(sighting.external_id)
        note_request = NoteRequest(channel, f"sighting:{reference}", sighting)
        note = await self.masked_note(note_request)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await queries.hold_references(db, channel.id)
            existing = await tracking.reference(db, channel.id, reference)
            if existing and (existing.submitted or existing.demand != demand):
                raise reference_taken(sighting.external_id, existing.number)
            receipt = await self.record_within(db, demand, note_request, note)
            await queries.put_sighting(db, channel.id, reference, demand, receipt.at)
        return receipt

    async def before(self, channel: Channel, key: str) -> NoteReceipt | None:
        """The note that the channel recorded under this key; None if there is none."""
        id = uuid5(cause_of(channel, key), "0")
        async with self.pool.acquire(timeout=5) as db:
            stored = await queries.recorded_note(db, id)
        if stored is None:
            return None
        fact = parse(stored.type, stored.payload)
        return NoteReceipt(id, stored.number, stored.at, fact.solved if isinstance(fact, VerdictGiven) else None)

    async def supplement(self, text: str, attachments: tuple[str, ...] = (), hidden: str = "") -> Supplement:
        """The command for a text, shortened to the length of a note. The vault stores the whole text, or `hidden` if
        that is given."""
        words = await fitted(text, SUPPLEMENT, self.masker)
        return supplement(words, attachments, hidden or (text if words != text else ""))

    async def masked_note(self, note_request: NoteRequest) -> Note:
        """The note of a request, masked. Masking takes time, so call it before a connection is held."""
        masks = await self.masker.masks_for(passages(note_request.body))
        return note(note_request.body, note_request.channel, note_request.box, masks)

    async def record_within(self, db: Connection, key: UUID, note_request: NoteRequest, note: Note) -> NoteReceipt:
        """Like `record`, but within the transaction of the caller, and with a note from `masked_note`."""
        return await CommandHandler(self.repository, self.clock).handle(
            db, NoteCommand(key, note_request, note, self.vault)
        )


@dataclass(frozen=True, slots=True)
class NoteCommand:
    """Records one note, as `CommandHandler` takes it; its id is derived from its cause."""

    key: UUID
    note_request: NoteRequest
    note: Note
    vault: Vault

    @property
    def cause(self) -> UUID:
        """The cause of the request; a repeated request has the same one."""
        return self.note_request.cause

    @property
    def id(self) -> UUID:
        """The id of the note."""
        return uuid5(self.cause, "0")

    async def known(self, db: Connection, state: Demand) -> NoteReceipt | None:
        """The receipt of the note that the request repeats, or of this person's first support; None for a new note.
        Raises `Refused`."""
        stored = await queries.recorded_note(db, self.id)
        if stored:
            await self._must_be_same(db, stored)
            return NoteReceipt(self.id, stored.number, stored.at)
        if not isinstance(self.note_request.body, Support):
            return None
        supporters = Supporters(self.vault)
        people = await supporters.people(db, state.id, self.note_request.body.contact)
        first = await supporters.first(db, state.id, people)
        return NoteReceipt(first.note, state.number, first.at) if first else None

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The note as facts. Empty if the citizen supports their own demand, or agrees to a publication that is public
        already. Raises `Refused`."""
        check_status(self.note_request.body, state)
        if isinstance(self.note_request.body, Support) and not await self._is_another(
            db, state, self.note_request.body, at
        ):
            return []
        await _bound(db, self.note_request, self.key, at)
        if self.note.sealed:
            await store_personal_data(db, self.vault, self.key, self.note_request.box, self.note.sealed)
        if isinstance(self.note.fact, PublicationAllowed):
            if await publications.is_public(db, self.key):
                return []
            return [self.note.fact.model_copy(update={"refusals": await publications.refusals(db, self.key)})]
        return [_judged(self.note.fact, state.version)]

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> NoteReceipt:
        """Write what the vault stores, and return the receipt."""
        return NoteReceipt(self.id, state.number, at)

    async def _is_another(self, db: Connection, demand: Demand, support: Support, at: datetime) -> bool:
        """Whether the supporter is another person than the citizen. Supporters without a contact are counted by the
        key."""
        supporters = Supporters(self.vault)
        people = await supporters.people(db, demand.id, support.contact)
        if not people:
            await count_nameless(db, demand.id, self.note_request.channel.id, demand.number, at)
            return True
        return await supporters.is_another(db, demand.id, people, First(self.id, at))

    async def _must_be_same(self, db: Connection, stored: RecordedNote) -> None:
        sealed = self.note.sealed
        first, repeated = _without_its_id(parse(stored.type, stored.payload)), _without_its_id(self.note.fact)
        same = (stored.demand, first) == (self.key, repeated)
        # A repeated sighting needs no idempotency key: the reference already identifies the matter.
        if same and sealed and not isinstance(self.note_request.body, Sighting):
            same = not await has_other_data(db, self.vault, self.key, self.note_request.box, sealed)
        if not same:
            raise _key_used(stored.number)


async def _bound(db: Connection, note_request: NoteRequest, demand: UUID, at: datetime) -> None:
    attached = note_request.body.attachments if isinstance(note_request.body, Supplement) else ()
    if refused := await bind(db, note_request.channel.id, [(demand, attached)]):
        raise refused[demand]
    if attached and await vault_queries.is_erased(db, demand):
        await attachments.erase(db, demand, at)


def _judged(fact: NoteFact, version: int) -> NoteFact:
    """The note with the version of the answer that a verdict judges: the present one."""
    return fact.model_copy(update={"judged": version}) if isinstance(fact, VerdictGiven) else fact


def _without_its_id(fact: Fact) -> Fact:
    """The content of a note for comparison, without the fields about the channel and the judged answer, because notes
    of earlier releases lack the kind of the channel."""
    match fact:
        case DemandSupported():
            return fact.model_copy(update={"channel_kind": None})
        case VerdictGiven():
            return fact.model_copy(update={"judged": 1})
        case PublicationAllowed():
            return fact.model_copy(update={"refusals": 0})
        case _:
            return fact


def _key_used(number: str) -> Refused:
    en = f"this key was used for another note about {number}; send a new Idempotency-Key"
    zh = f"该幂等键已用于诉求 {number} 的其他内容，请换一个新的幂等键"
    return Refused(Code.KEY_REUSED, en, zh, (FieldError("Idempotency-Key", zh, en),))
