"""Tokens of people at units, until an identity provider is set up: good for hours, and revoked at once."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.chassis.base.clock import now
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool
from shared.chassis.tracing import spans
from shared.contracts.refusals import Code, Refused
from shared.identity import revocations
from shared.identity.person import Person
from shared.identity.revocations import Revocable
from shared.identity.settings import SecretSettings

PURPOSE: Final = "staff"


@dataclass(frozen=True, slots=True)
class StaffTokens:
    """Makes tokens of staff and reads them; each is good until the moment that stands in it, at most `hours` long."""

    tokens: Tokens

    @classmethod
    def of(cls, settings: SecretSettings) -> "StaffTokens":
        """Those that these settings sign and believe."""
        return cls(Tokens(settings.secret, settings.staff_token_hours * 3600, settings.secret_previous))

    @classmethod
    def signed_by(cls, secret: str, previous: str = "") -> "StaffTokens":
        """For a process that believes tokens of at most an hour, and makes none."""
        return cls(Tokens(secret, 3600, previous))

    @property
    def hours(self) -> float:
        """How long a token is good at most."""
        return self.tokens.max_age / 3600

    def write(self, person: Person, hours: float | None = None) -> tuple[str, datetime]:
        """A token, and until when it is good."""
        until = now() + timedelta(hours=min(hours or self.hours, self.hours))
        claims = {"name": person.name, "unit": person.unit, "roles": sorted(person.roles), "until": until.timestamp()}
        return self.tokens.write(PURPOSE, claims), until

    async def read(self, pool: Pool, token: str) -> Person:
        """Who bears this token; raises `Refused` when it is forged, too old or revoked."""
        person, made_at = self._read(token)
        await refuse_revoked(pool, Revocable(identity(token), person.name, person.unit, made_at))
        spans.accept()
        return person

    def examine(self, token: str) -> Person:
        """Who bears a token, as far as its signature and its age tell; raises `Refused`."""
        return self._read(token)[0]

    def _read(self, token: str) -> tuple[Person, datetime]:
        try:
            claims, made_at = self.tokens.read_dated(PURPOSE, token)
        except Refused as refused:
            # One that is too old is no key, rather than a link that is gone.
            if refused.code is not Code.LINK_EXPIRED:
                raise
            raise self._too_old() from None
        if "until" in claims and now() >= datetime.fromtimestamp(claims["until"], UTC):
            raise self._too_old()
        return _person(claims), made_at

    def _too_old(self) -> Refused:
        en = f"the token is too old (they live {self.hours:g} hours); `huying staff token` makes a new one"
        return Refused(Code.UNAUTHENTICATED, en, "凭证已过期，请用 huying staff token 重新获取")


async def refuse_revoked(pool: Pool, revocable: Revocable) -> None:
    """Raise `Refused` where a token, or every token that its bearer had by then, was revoked."""
    async with pool.acquire(timeout=5) as db:
        if await revocations.is_revoked(db, revocable):
            en = "the token was revoked; `huying staff token` makes a new one"
            raise Refused(Code.UNAUTHENTICATED, en, "凭证已被撤销，请用 huying staff token 重新获取")


def identity(token: str) -> str:
    """Names a token without being one: the SHA-256 of what was signed, for a signature can be spelled in two ways."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def _person(claims: dict[str, Any]) -> Person:
    return Person(claims["name"], claims["unit"], frozenset(claims.get("roles", ())))
