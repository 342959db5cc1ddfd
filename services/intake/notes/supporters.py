"""Lets one person support a demand once, whichever channel or key they come by; who raised it is one of them."""

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
    """Within the caller's transaction, which holds the demand."""

    vault: Vault

    async def people(self, db: Connection, demand: UUID, contact: Contact | None) -> list[bytes]:
        """By what this person is known again; nothing where nobody can be told apart, as after an erasure."""
        ways_known = persons(self.vault, demand, contact)
        return [] if ways_known and await vault_queries.is_erased(db, demand) else ways_known

    async def first(self, db: Connection, demand: UUID, people: list[bytes]) -> First | None:
        """What this person was answered first; from now on all that is known of them leads there."""
        known = await queries.first(db, demand, people) if people else None
        if known:
            await queries.put(db, demand, people, known)
        return known

    async def is_another(self, db: Connection, demand: UUID, people: list[bytes], answered: First) -> bool:
        """Remember a new supporter and say whether it is another person than the one who raised the demand.

        Who raised it is answered as anybody else: an answer of its own would tell every channel whose demand it is.
        """
        await queries.put(db, demand, people, answered)
        raised_by = persons(self.vault, demand, await contact_of(db, self.vault, demand))
        return not set(people) & set(raised_by)


async def count_nameless(db: Connection, demand: UUID, channel: str, number: str, at: datetime) -> None:
    """Count a support of nobody in particular; raises `Refused` for more of a channel than an hour may bring."""
    if await queries.count_nameless(db, demand, channel, at, at - WITHIN) > NAMELESS:
        en = (
            f"this channel has sent {NAMELESS} supports of {number} within an hour that tell nobody apart: "
            "send a telephone, e-mail or openid in `contact`, or try again later"
        )
        zh = (
            f"本渠道一小时内对 {number} 的无联系方式附议已达 {NAMELESS} 次，"
            "请在 contact 中填写电话、邮箱或 openid，或稍后再试"
        )
        errors = (FieldError("contact", zh, en, '{"phone": "13800138000"}'),)
        raise Refused(Code.QUOTA_USED_UP, en, zh, errors, retry_after=int(WITHIN.total_seconds()))
