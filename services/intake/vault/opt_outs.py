"""Stores who opted out of messages, as keyed hashes.

A message from an address proves that address, so it counts for every demand. The link of a demand proves no address,
because a demand may have been raised with another person's contact: an opt-out on its page counts only for that demand.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.intake.vault.contact import Contact
from services.intake.vault.persons import ways
from services.intake.vault.sealing import Vault
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class OptOuts:
    """Records opt-outs, from messages and from the pages of demands."""

    vault: Vault
    clock: Callable[[], datetime] = now

    def persons(self, contact: Contact) -> list[bytes]:
        """The keyed hash of each contact method; empty without a contact."""
        return [self.vault.pseudonym(f"no messages to\n{way}") for way in sorted(set(ways(contact)))]

    def of_demand(self, demand: UUID, reference: UUID) -> bytes:
        """The keyed hash of the contact of one demand; `reference` is the demand's reference to it."""
        return self.vault.pseudonym(f"no messages of {demand}\nto {reference}")

    async def stop(self, db: Connection, contact: Contact) -> None:
        """Opt out: no more messages but those that the pack sends all the same. Repeating it changes nothing."""
        persons = self.persons(contact)
        await self._stop(db, persons, persons)

    async def stop_of_demand(self, db: Connection, demand: UUID, reference: UUID, contact: Contact) -> None:
        """Like `stop`, for one demand."""
        await self._stop(db, [self.of_demand(demand, reference)], self.persons(contact))

    async def _stop(self, db: Connection, persons: Sequence[bytes], ways: Sequence[bytes]) -> None:
        await db.execute(
            """
            INSERT INTO opt_out AS known (person, ways, at)
            SELECT person, $2, $3 FROM unnest($1::bytea[]) AS said (person)
            ON CONFLICT (person) DO UPDATE SET ways = ARRAY(SELECT DISTINCT unnest(known.ways || excluded.ways))
            """,
            persons,
            ways,
            self.clock(),
        )

    async def start(self, db: Connection, contact: Contact) -> None:
        """Opt in again: ends every opt-out of these contact methods, also those for single demands."""
        await db.execute("DELETE FROM opt_out WHERE ways && $1::bytea[]", self.persons(contact))

    async def start_of_demand(self, db: Connection, demand: UUID, reference: UUID) -> None:
        """Opt in again for one demand. An opt-out by a message from the address stays."""
        await db.execute("DELETE FROM opt_out WHERE person = $1", self.of_demand(demand, reference))

    async def among(self, db: Connection, persons: Collection[bytes]) -> set[bytes]:
        """Which of these hashes have opted out."""
        if not persons:
            return set()
        rows = await db.fetch("SELECT person FROM opt_out WHERE person = ANY($1)", list(persons))
        return {row["person"] for row in rows}
