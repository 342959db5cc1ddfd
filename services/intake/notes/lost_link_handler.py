"""Handles the request of a citizen who lost the code, or the number too: sends the links of the demands to the contact
that was left, and shows nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.intake import demands
from services.intake.notes import queries
from services.intake.vault.adding import contact_of
from services.intake.vault.contact import Contact
from services.intake.vault.persons import correspondents, persons, ways
from services.intake.vault.queries import demands_with_messages
from services.intake.vault.sealing import Vault
from shared.chassis.aggregates.commands import CommandHandler
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import Fact, LinkRequested
from shared.contracts.demand.state import Demand

WITHIN: Final = timedelta(hours=1)
PER_DEMAND: Final = 3
"""So many links are sent for one demand within an hour; our choice."""
PER_TELEPHONE: Final = 10
"""So many requests may name one telephone number within an hour, whether or not a demand has it; our choice."""
WITHOUT_NUMBER: Final = 2
"""So many of these requests within an hour may leave out the number, because nobody has to know anything for them."""
LATEST: Final = 3
"""So many demands get their links sent if no number is given: the latest ones of the telephone; our choice."""


@dataclass(frozen=True, slots=True)
class LostLinkHandler:
    """Records the request if the telephone number is the one that was left; feedback then sends the message.

    The caller learns nothing: there is no answer, and a wrong number is treated as silently as the right one.
    """

    pool: Pool
    repository: Repository[Demand, Fact]
    vault: Vault
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def request(self, number: str | None, telephone: str) -> None:
        """Request the link of this demand, or of the telephone's latest ones, unless there were too many requests."""
        contact = Contact(phone=telephone)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if await self._too_often(db, "lost link asked with", contact, PER_TELEPHONE):
                return
            if number is None and await self._too_often(db, "lost number asked with", contact, WITHOUT_NUMBER):
                return
            # In one order, so that two requests cannot deadlock.
            for demand in sorted(await self._meant(db, number, contact), key=lambda demand: demand.id):
                command = LinkCommand(demand.id, self.new_id(), contact, self.vault)
                await CommandHandler(self.repository, self.clock).handle(db, command)

    async def _meant(self, db: Connection, number: str | None, contact: Contact) -> Sequence[Demand]:
        if number is None:
            return await demands_with_messages(db, correspondents(self.vault, contact), LATEST)
        demand = await demands.by_number(db, number)
        return [demand] if demand else []

    async def _too_often(self, db: Connection, purpose: str, contact: Contact, most: int) -> bool:
        at, uses = self.clock(), 0
        for way in set(ways(contact)):
            name = self.vault.pseudonym(f"{purpose} {way}")
            uses = max(uses, await queries.count_link_request(db, name, at, at - WITHIN))
        return uses > most


@dataclass(frozen=True, slots=True)
class LinkCommand:
    """A request with a new id, as `CommandHandler` takes it: it never repeats another one."""

    key: UUID
    cause: UUID
    contact: Contact
    vault: Vault

    async def known(self, db: Connection, state: Demand) -> None:
        """None: no request repeats another one."""
        return

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The note, if the telephone number is the one that was left and few links were sent."""
        persons_of_demand = persons(self.vault, self.key, await contact_of(db, self.vault, self.key))
        if not set(persons_of_demand) & set(persons(self.vault, self.key, self.contact)):
            return []
        name = self.vault.pseudonym(f"lost link of {self.key}")
        if await queries.count_link_request(db, name, at, at - WITHIN) > PER_DEMAND:
            return []
        return [LinkRequested()]

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> bool:
        """None: the caller gets no answer."""
        return True
