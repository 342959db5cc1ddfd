"""Makes sure that one person supports a demand only once, by any channel or key; the citizen who raised it does not
count as a supporter."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.intake.notes import supporter_queries as queries
from services.intake.notes.supporter_queries import First
from services.intake.vault import queries as vault_queries
from services.intake.vault.adding import contact_of
from services.intake.vault.contact import Contact
from services.intake.vault.persons import persons
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Connection
from shared.contracts.refusals import Code, FieldError, Refused

NAMELESS: Final = 60
WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Supporters:
    """Recognises supporters, within the caller's transaction, which locks the demand."""

    vault: Vault

    async def people(self, db: Connection, demand: UUID, contact: Contact | None) -> list[bytes]:
        """The keyed hashes that identify this person; empty if the person cannot be identified, or after an erasure."""
        ways_known = persons(self.vault, demand, contact)
        return [] if ways_known and await vault_queries.is_erased(db, demand) else ways_known

    async def first(self, db: Connection, demand: UUID, people: list[bytes]) -> First | None:
        """The answer to the person's first support; all hashes of the person are stored with it. None if there is
        none."""
        first_answer = await queries.first(db, demand, people) if people else None
        if first_answer:
            await queries.put(db, demand, people, first_answer)
        return first_answer

    async def is_another(self, db: Connection, demand: UUID, people: list[bytes], answered: First) -> bool:
        """Store a new supporter, and return whether it is another person than the citizen who raised the demand.

        The citizen gets the same answer as others: an answer of its own would show each channel whose demand it is.
        """
        await queries.put(db, demand, people, answered)
        raised_by = persons(self.vault, demand, await contact_of(db, self.vault, demand))
        return not set(people) & set(raised_by)


async def count_nameless(db: Connection, demand: UUID, channel: str, number: str, at: datetime) -> None:
    """Count an anonymous support; raises `Refused` if the channel has sent too many within an hour."""
    if await queries.count_nameless(db, demand, channel, at, at - WITHIN) > NAMELESS:
        en = (
            f"this channel has sent {NAMELESS} supports of {number} without a contact within an hour: "
            "send a telephone, e-mail or openid in `contact`, or try again later"
        )
        zh = (
            f"本渠道一小时内对 {number} 的无联系方式附议已达 {NAMELESS} 次，"
            "请在 contact 中填写电话、邮箱或 openid，或稍后再试"
        )
        errors = (FieldError("contact", zh, en, '{"phone": "13800138000"}'),)
        raise Refused(Code.QUOTA_USED_UP, en, zh, errors, retry_after=int(WITHIN.total_seconds()))
