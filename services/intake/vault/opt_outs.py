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
from shared.chassis.base.clock import now, uuid7
from shared.chassis.database.pool import Connection


@dataclass(frozen=True, slots=True)
class OptOuts:
    """What messages from an address say, and what pages of demands say."""

    vault: Vault
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    def persons(self, contact: Contact) -> list[bytes]:
        """A keyed hash of each way to reach somebody; nothing where there is none."""
        return [self.vault.pseudonym(f"no messages to\n{way}") for way in sorted(set(ways(contact)))]

    def of_demand(self, demand: UUID, contact: UUID) -> bytes:
        """A keyed hash of whoever was named with one demand; `contact` is the reference that the demand has of them."""
        return self.vault.pseudonym(f"no messages of {demand}\nto {contact}")

    async def stop(self, db: Connection, contact: Contact) -> None:
        """No messages from now on but those that the pack sends all the same; said again it changes nothing."""
        await self._stop(db, self.persons(contact))

    async def stop_of_demand(self, db: Connection, demand: UUID, contact: UUID) -> None:
        """As `stop`, of one demand."""
        await self._stop(db, [self.of_demand(demand, contact)])

    async def _stop(self, db: Connection, persons: Sequence[bytes]) -> None:
        await db.execute(
            """
            INSERT INTO opt_out (person, together, at) SELECT person, $2, $3 FROM unnest($1::bytea[]) AS said (person)
            ON CONFLICT (person) DO UPDATE SET together = excluded.together
            """,
            persons,
            self.new_id(),
            self.clock(),
        )

    async def start(self, db: Connection, contact: Contact) -> None:
        """Messages again, in every way that was stopped together with one of these."""
        await db.execute(
            "DELETE FROM opt_out WHERE together IN (SELECT together FROM opt_out WHERE person = ANY($1))",
            self.persons(contact),
        )

    async def start_of_demand(self, db: Connection, demand: UUID, contact: UUID) -> None:
        """Messages of one demand again, unless a message from the address stopped all."""
        await db.execute("DELETE FROM opt_out WHERE person = $1", self.of_demand(demand, contact))

    async def among(self, db: Connection, persons: Collection[bytes]) -> set[bytes]:
        """Those of these hashes that want none."""
        if not persons:
            return set()
        rows = await db.fetch("SELECT person FROM opt_out WHERE person = ANY($1)", list(persons))
        return {row["person"] for row in rows}
