"""Reads the bearer tokens of staff: our own, and those of a configured issuer. No other module does this."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends

from shared.chassis.database.pool import Pool
from shared.chassis.tracing import spans
from shared.contracts.refusals import Code, Refused
from shared.identity.bearer import bearer
from shared.identity.oidc.claims import ClaimNames, person_of
from shared.identity.oidc.keys import IssuerKeys
from shared.identity.oidc.tokens import Claims, IssuerTokens, is_jwt
from shared.identity.person import Person
from shared.identity.revocations import Revocable
from shared.identity.settings import StaffSettings
from shared.identity.staff_tokens import StaffTokens, identity, refuse_revoked
from shared.jurisdiction.jurisdictions import Jurisdictions


@dataclass(frozen=True, slots=True)
class IssuerBearers:
    """An issuer whose access tokens the API accepts."""

    tokens: IssuerTokens
    audience: str
    names: ClaimNames
    packs: Jurisdictions

    @classmethod
    def of(cls, settings: StaffSettings, packs: Jurisdictions, keys: IssuerKeys | None) -> "IssuerBearers | None":
        """The issuer of the settings; None if there is none, or if the API accepts none of its tokens."""
        if not settings.oidc_issuer or not settings.oidc_audience:
            return None
        tokens = IssuerTokens(keys or IssuerKeys(settings.oidc_issuer))
        return cls(tokens, settings.oidc_audience, ClaimNames.of(settings), packs)

    async def read(self, token: str) -> tuple[Person, datetime]:
        """The person of a token, and when it was made; raises `Refused`."""
        claims = await self.tokens.read(token, self.audience)
        return person_of(claims, self.names, self.packs), _made_at(claims)


@dataclass(frozen=True, slots=True, eq=False)
class StaffBearers:
    """Reads the tokens of staff; `issuer` is None if only our own are accepted."""

    pool: Pool
    own: StaffTokens
    issuer: IssuerBearers | None = None

    @classmethod
    def of(
        cls, settings: StaffSettings, pool: Pool, packs: Jurisdictions, keys: IssuerKeys | None = None
    ) -> "StaffBearers":
        """From the settings. `keys` are the issuer's keys, if another part of the process shares them."""
        return cls(pool, StaffTokens.of(settings), IssuerBearers.of(settings, packs, keys))

    async def __call__(self, token: Annotated[str, Depends(bearer)]) -> Person:
        return await self.read(token)

    async def read(self, token: str) -> Person:
        """The person of a token; raises `Refused` if it is forged, too old, revoked, or from no unit of ours."""
        if not is_jwt(token):
            return await self.own.read(self.pool, token)
        if self.issuer is None:
            en = "tokens of a sign-in service are not accepted here; make a token with `huying staff token`"
            raise Refused(Code.UNAUTHENTICATED, en, "此处不接受登录服务的凭证，请用 huying staff token 获取")
        person, made_at = await self.issuer.read(token)
        await refuse_revoked(self.pool, Revocable(identity(token), person.name, person.unit, made_at))
        spans.accept()
        return person


def _made_at(claims: Claims) -> datetime:
    """When a token was made. A token without this claim counts as older than every revocation."""
    issued_at = claims.get("iat")
    return datetime.fromtimestamp(issued_at if isinstance(issued_at, int | float) else 0, UTC)
