"""Who wants no messages any more, known by keyed hashes.

A message from an address speaks for that address, and counts for every demand. The link of a demand proves no address,
since whoever raises one may give another's: what is said on its page counts for that demand alone.
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
    """What messages from an address say, and what pages of demands say."""

    vault: Vault
    clock: Callable[[], datetime] = now

    def persons(self, contact: Contact) -> list[bytes]:
        """A keyed hash of each way to reach somebody; nothing where there is none."""
        return [self.vault.pseudonym(f"no messages to\n{way}") for way in sorted(set(ways(contact)))]

    def of_demand(self, demand: UUID, reference: UUID) -> bytes:
        """A keyed hash of whoever was named with one demand; `reference` is what the demand has of their contact."""
        return self.vault.pseudonym(f"no messages of {demand}\nto {reference}")

    async def stop(self, db: Connection, contact: Contact) -> None:
        """No messages from now on but those that the pack sends all the same; said again it changes nothing."""
        persons = self.persons(contact)
        await self._stop(db, persons, persons)

    async def stop_of_demand(self, db: Connection, demand: UUID, reference: UUID, contact: Contact) -> None:
        """As `stop`, of one demand."""
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
        """Messages again to these ways: whatever was stopped for one of them ends, on pages of demands too."""
        await db.execute("DELETE FROM opt_out WHERE ways && $1::bytea[]", self.persons(contact))

    async def start_of_demand(self, db: Connection, demand: UUID, reference: UUID) -> None:
        """Messages of one demand again, unless a message from the address stopped all."""
        await db.execute("DELETE FROM opt_out WHERE person = $1", self.of_demand(demand, reference))

    async def among(self, db: Connection, persons: Collection[bytes]) -> set[bytes]:
        """Those of these hashes that want none."""
        if not persons:
            return set()
        rows = await db.fetch("SELECT person FROM opt_out WHERE person = ANY($1)", list(persons))
        return {row["person"] for row in rows}
