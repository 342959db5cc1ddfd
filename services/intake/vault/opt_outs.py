"""Who wants no messages any more, known by keyed hashes of every way to reach them."""

from collections.abc import Callable, Collection
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
    """What somebody says of one way to reach them counts for all that were said together with it."""

    vault: Vault
    clock: Callable[[], datetime] = now
    new_id: Callable[[], UUID] = uuid7

    def persons(self, contact: Contact) -> list[bytes]:
        """A keyed hash of each way to reach somebody; nothing where there is none."""
        return [self.vault.pseudonym(f"no messages to\n{way}") for way in sorted(set(ways(contact)))]

    async def stop(self, db: Connection, contact: Contact) -> None:
        """No messages from now on but those that the pack sends all the same; said again it changes nothing."""
        await db.execute(
            """
            INSERT INTO opt_out (person, together, at) SELECT person, $2, $3 FROM unnest($1::bytea[]) AS said (person)
            ON CONFLICT (person) DO UPDATE SET together = excluded.together
            """,
            self.persons(contact),
            self.new_id(),
            self.clock(),
        )

    async def start(self, db: Connection, contact: Contact) -> None:
        """Messages again, in every way that was stopped together with one of these."""
        await db.execute(
            "DELETE FROM opt_out WHERE together IN (SELECT together FROM opt_out WHERE person = ANY($1))",
            self.persons(contact),
        )

    async def stopped(self, db: Connection, contact: Contact) -> bool:
        """Whether this person wants none."""
        return bool(await self.among(db, self.persons(contact)))

    async def among(self, db: Connection, persons: Collection[bytes]) -> set[bytes]:
        """Those of these hashes that want none."""
        if not persons:
            return set()
        rows = await db.fetch("SELECT person FROM opt_out WHERE person = ANY($1)", list(persons))
        return {row["person"] for row in rows}
