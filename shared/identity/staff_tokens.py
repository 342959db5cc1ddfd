"""Our own tokens for staff, for use without an identity provider: valid for hours, and revocable at once."""

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
    """Writes and reads staff tokens; each is valid until the time in its claims, at most `hours` hours."""

    tokens: Tokens

    @classmethod
    def of(cls, settings: SecretSettings) -> "StaffTokens":
        """With the secrets and the lifetime of these settings."""
        return cls(Tokens(settings.secret, settings.staff_token_hours * 3600, settings.secret_previous))

    @classmethod
    def signed_by(cls, secret: str, previous: str = "") -> "StaffTokens":
        """For a process that only reads tokens, and accepts those that are at most an hour old."""
        return cls(Tokens(secret, 3600, previous))

    @property
    def hours(self) -> float:
        """The longest lifetime of a token in hours."""
        return self.tokens.max_age / 3600

    def write(self, person: Person, hours: float | None = None) -> tuple[str, datetime]:
        """A new token, and the time until which it is valid."""
        until = now() + timedelta(hours=min(hours or self.hours, self.hours))
        claims = {"name": person.name, "unit": person.unit, "roles": sorted(person.roles), "until": until.timestamp()}
        return self.tokens.write(PURPOSE, claims), until

    async def read(self, pool: Pool, token: str) -> Person:
        """The person of a token; raises `Refused` if it is forged, too old or revoked."""
        person, made_at = self._read(token)
        await refuse_revoked(pool, Revocable(identity(token), person.name, person.unit, made_at))
        spans.accept()
        return person

    def examine(self, token: str) -> Person:
        """The person of a token, without a check of revocations; raises `Refused` if it is forged or too old."""
        return self._read(token)[0]

    def _read(self, token: str) -> tuple[Person, datetime]:
        try:
            claims, made_at = self.tokens.read_dated(PURPOSE, token)
        except Refused as refused:
            # An expired token is answered like a missing key, not like an expired link.
            if refused.code is not Code.LINK_EXPIRED:
                raise
            raise self._too_old() from None
        if "until" in claims and now() >= datetime.fromtimestamp(claims["until"], UTC):
            raise self._too_old()
        return _person(claims), made_at

    def _too_old(self) -> Refused:
        en = f"the token has expired (after {self.hours:g} hours); make a new one with `huying staff token`"
        return Refused(Code.UNAUTHENTICATED, en, "凭证已过期，请用 huying staff token 重新获取")


async def refuse_revoked(pool: Pool, revocable: Revocable) -> None:
    """Raise `Refused` if a token was revoked, by itself or with all tokens of its person or unit."""
    async with pool.acquire(timeout=5) as db:
        if await revocations.is_revoked(db, revocable):
            en = "the token was revoked; make a new one with `huying staff token`"
            raise Refused(Code.UNAUTHENTICATED, en, "凭证已被撤销，请用 huying staff token 重新获取")


def identity(token: str) -> str:
    """The identity of a token: the SHA-256 of its signed part. The signature is left out, because it has two valid
    spellings."""
    return hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()


def _person(claims: dict[str, Any]) -> Person:
    return Person(claims["name"], claims["unit"], frozenset(claims.get("roles", ())))
