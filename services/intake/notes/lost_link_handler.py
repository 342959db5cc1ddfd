"""Sends the link of a demand to the contact that was left, for a citizen who lost the code; it shows nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.intake import demands
from services.intake.notes import queries
from services.intake.vault.adding import contact_of
from services.intake.vault.contact import Contact
from services.intake.vault.persons import persons, ways
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
"""Links that are sent of one demand within an hour; our choice."""
PER_TELEPHONE: Final = 10
"""Requests that name one telephone within an hour, whether or not it is anybody's; our choice."""


@dataclass(frozen=True, slots=True)
class LostLinkHandler:
    """Notes the request where the telephone is the one that was left; feedback makes the message of it.

    Whoever asks learns nothing: it has no answer, and what does not fit is done as silently as what does.
    """

    pool: Pool
    repository: Repository[Demand, Fact]
    vault: Vault
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    async def request(self, number: str, telephone: str) -> None:
        """Have the link sent, unless too many were."""
        contact = Contact(phone=telephone)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if await self._too_often(db, contact):
                return
            demand = await demands.by_number(db, number)
            if demand:
                command = LinkCommand(demand.id, self.new_id(), contact, self.vault)
                await CommandHandler(self.repository, self.clock).handle(db, command)

    async def _too_often(self, db: Connection, contact: Contact) -> bool:
        at, uses = self.clock(), 0
        for way in set(ways(contact)):
            name = self.vault.pseudonym(f"lost link asked with {way}")
            uses = max(uses, await queries.count_link_request(db, name, at, at - WITHIN))
        return uses > PER_TELEPHONE


@dataclass(frozen=True, slots=True)
class LinkCommand:
    """A request under an id of its own: there is nothing to repeat."""

    key: UUID
    cause: UUID
    contact: Contact
    vault: Vault

    async def known(self, db: Connection, state: Demand) -> None:
        """Each request counts."""
        return

    async def decide(self, db: Connection, state: Demand, at: datetime) -> Sequence[Fact]:
        """The note, where the telephone is the one that was left and few were sent."""
        left = persons(self.vault, self.key, await contact_of(db, self.vault, self.key))
        if not set(left) & set(persons(self.vault, self.key, self.contact)):
            return []
        name = self.vault.pseudonym(f"lost link of {self.key}")
        if await queries.count_link_request(db, name, at, at - WITHIN) > PER_DEMAND:
            return []
        return [LinkRequested()]

    def answer(self, writes: WriteBatch, state: Demand, at: datetime) -> bool:
        """Nothing that anybody is told."""
        return True
