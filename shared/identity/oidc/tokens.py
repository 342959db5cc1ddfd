"""Verifies the issuer's tokens (JWT): signature, issuer, audience, expiry and nonce."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError

from shared.contracts.refusals import Code, Refused
from shared.identity.oidc.keys import IssuerKeys

ALGORITHMS: Final = ("RS256", "ES256", "PS256")
LEEWAY: Final = 30
"""Seconds by which the clocks of the issuer and of this machine may differ."""
Claims = dict[str, Any]


def is_jwt(token: str) -> bool:
    """Whether a token has the header of a JWT; our own tokens also have three parts, but no such header."""
    return "alg" in _head(token)


@dataclass(frozen=True, slots=True)
class IssuerTokens:
    """Reads the tokens of one issuer."""

    keys: IssuerKeys

    async def read(self, token: str, audience: str, nonce: str | None = None) -> Claims:
        """The claims of a token for this audience; raises `Refused`. `nonce`: the value that an id token must hold."""
        head = _head(token)
        alg, kid = head.get("alg"), head.get("kid")
        if alg not in ALGORITHMS or not isinstance(kid, str | None):
            known = ", ".join(ALGORITHMS)
            raise _refused(f"is not signed with one of {known}", f"签名算法不在 {known} 之列")
        key = await self.keys.find(kid, alg)
        try:
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
            self._registry(audience, nonce).validate(claims)
        except ExpiredTokenError:
            raise _refused("has expired", "已过期") from None
        except ClaimError as fault:
            raise _refused(
                f"is not for us: its claim {fault.claim!r} is missing or wrong", f"的 {fault.claim} 不符"
            ) from None
        except (JoseError, ValueError):
            raise _refused("was changed, or is not signed by the issuer", "签名无效") from None
        return dict(claims)

    def _registry(self, audience: str, nonce: str | None) -> jwt.JWTClaimsRegistry:
        expected: dict[str, Any] = {
            "iss": {"essential": True, "value": self.keys.issuer},
            "aud": {"essential": True, "value": audience},
            "exp": {"essential": True},
        }
        if nonce is not None:
            expected["nonce"] = {"essential": True, "value": nonce}
        return jwt.JWTClaimsRegistry(leeway=LEEWAY, **expected)


def _head(token: str) -> Claims:
    part = token.partition(".")[0]
    try:
        head = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError):
        return {}
    return head if isinstance(head, dict) else {}


def _refused(en: str, zh: str) -> Refused:
    return Refused(Code.UNAUTHENTICATED, f"the token {en}; sign in again", f"登录服务的凭证{zh}，请重新登录")
