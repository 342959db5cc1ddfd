"""Shows and erases personal data. Data is shown and the access recorded in one transaction, so neither happens without
the other."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from pydantic import ValidationError

from services.intake import demands
from services.intake.attachments import queries as attachments
from services.intake.vault import queries
from services.intake.vault.contact import Contact
from services.intake.vault.personal import Erase, Personal, PersonalField, Reveal, Wording, personal
from services.intake.vault.persons import correspondents
from services.intake.vault.queries import BoxKind, StoredData
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.commands import CommandHandler
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact, PersonalDataViewed
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity.callers import Caller, Callers
from shared.identity.rights import ERASE, READ, REVEAL
from shared.masker.masker import Masker

EARLIER, LOOKED_AT = 20, 200
"""How many other demands of a citizen are shown, and how many are looked at for those that the caller may read."""
Opened = Sequence[tuple[BoxKind, bytes]]
Disclosed = tuple[Contact | None, Wording | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PersonalDataHandler:
    """Reads and erases sealed data; nothing else opens it for people."""

    pool: Pool
    repository: Repository[Demand, Fact]
    vault: Vault
    callers: Callers
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7
    masker: Masker = field(default_factory=Masker)

    async def reveal(self, number: str, command: Reveal, by: Caller) -> Personal:
        """The requested fields; the same transaction records who saw them and why. Raises `Refused`."""
        handler, why = CommandHandler(self.repository, self.clock), (await self.masker.masked(command)).why
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            demand = await self._demand(db, number, by)
            stored_data = await queries.of_demand(db, demand.id)
            personal_data = self._opened(demand, stored_data, command)
            if stored_data and PersonalField.EARLIER in command.fields and command.contact is None and by.person:
                earlier = await self._earlier(db, demand.id, stored_data, by)
                personal_data = personal_data.model_copy(update={"earlier": earlier or None})
            if not personal_data.disclosed:
                raise _not_left(demand.number, sorted(command.fields))
            note = PersonalDataViewed(by=by.name, fields=personal_data.disclosed, why=why)
            return await handler.handle(db, RevealCommand(demand.id, self.new_id(), note, personal_data))

    async def erase(self, number: str, command: Erase, by: Caller) -> datetime:
        """Erase the personal data of a demand, for a coordinator; raises `Refused`."""
        why = (await self.masker.masked(command)).why
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            demand = await self._demand(db, number, by)
            self.callers.require(ERASE, by, demand)
            return await erase(db, demand.id, self.clock(), by.name, why)

    async def _demand(self, db: Connection, number: str, by: Caller) -> Demand:
        demand = await demands.by_number(db, number)
        if demand is None or not self.callers.may(READ, by, demand):
            raise Refused(
                Code.NOT_FOUND, f"there is no demand {number} that you may see", f"没有编号为 {number} 的诉求"
            )
        self.callers.require(REVEAL, by, demand)
        return demand

    async def _earlier(self, db: Connection, demand_id: UUID, stored_data: StoredData, by: Caller) -> tuple[str, ...]:
        """The numbers of other demands whose messages went to the same person (ADR 44), those that `by` may read."""
        contact, _, _ = _everything(list(self._unsealed(stored_data, None)))
        if contact is None:
            return ()
        others = await queries.demands_with_messages(db, correspondents(self.vault, contact), LOOKED_AT, demand_id)
        readable = (other.number for other in others if self.callers.may(READ, by, other))
        return tuple(islice(readable, EARLIER))

    def _opened(self, demand: Demand, stored_data: StoredData | None, command: Reveal) -> Personal:
        if stored_data and stored_data.destroyed_at:
            raise _erased(demand.number, stored_data.destroyed_at)
        opened = list(self._unsealed(stored_data, command.contact)) if stored_data else []
        contents = _one_contact(opened) if command.contact else _everything(opened)
        return personal(demand.number, *contents, command.fields)

    def _unsealed(self, stored_data: StoredData, reference: UUID | None) -> Iterator[tuple[BoxKind, bytes]]:
        """The opened boxes: all of them, or the one with this reference."""
        if stored_data.wrapped:
            key = self.vault.unwrap(stored_data.key_id, stored_data.wrapped)
            boxes = (box for box in stored_data.boxes if reference in (None, box.id))
            yield from ((box.holds, key.open(box.id, box.sealed)) for box in boxes)


@dataclass(frozen=True, slots=True)
class RevealCommand:
    """Shows personal data and records who saw it, as `CommandHandler` takes it; each access is recorded anew."""

    key: UUID
    cause: UUID
    note: PersonalDataViewed
    shown: Personal

    async def known(self, db: Connection, state: Demand) -> Personal | None:
        """None: no access repeats another one."""
        return None

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The note that records the access."""
        return [self.note]

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> Personal:
        """The data to show."""
        return self.shown


def _everything(opened: Opened) -> Disclosed:
    opened_parts = dict(opened)
    contact, wording = opened_parts.get(BoxKind.CONTACT), opened_parts.get(BoxKind.WORDING)
    return (
        Contact.model_validate_json(contact) if contact else None,
        Wording.model_validate_json(wording) if wording else None,
        tuple(data.decode() for holds, data in opened if holds is BoxKind.VOICE),
    )


def _one_contact(opened: Opened) -> Disclosed:
    """The contact in the box of one reference. A supporter's contact is stored as a note's hidden data is, and boxes
    with a text hold no contact."""
    for _, data in opened:
        with suppress(ValidationError):
            return Contact.model_validate_json(data), None, ()
    return None, None, ()


async def erase(db: Connection, demand_id: UUID, at: datetime, by: str, why: str) -> datetime:
    """Destroy the demand's key and withhold its attachments; returns when that was first done."""
    await queries.lock_key(db, demand_id)
    await attachments.erase(db, demand_id, at)
    return await queries.destroy(db, demand_id, at, by, why)


def _not_left(number: str, fields: Sequence[str]) -> Refused:
    zh = "提交时未留下所请求的个人信息"
    errors = tuple(FieldError(field, zh, "was not left") for field in fields)
    return Refused(Code.NOT_FOUND, f"{number} has no: {', '.join(fields)}", zh, errors)


def _erased(number: str, at: datetime) -> Refused:
    return Refused(
        Code.ERASED,
        f"the personal data of {number} was erased on {at:%Y-%m-%d}; it cannot be recovered",
        f"{number} 的个人信息已于 {at:%Y-%m-%d} 删除，无法恢复",
    )
