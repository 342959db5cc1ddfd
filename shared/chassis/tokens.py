"""Signed tokens: for links that a citizen follows, and for staff until an identity provider is set up."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.security import HTTPBearer
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from shared.contracts.refusals import Code, Refused


@dataclass(frozen=True, slots=True)
class Tokens:
    """URL-safe, signed with HMAC, each good for one purpose and a limited time."""

    secret: str
    max_age: int = 30 * 24 * 3600

    def write(self, purpose: str, told: dict[str, Any]) -> str:
        """A token that says `told` for `purpose`."""
        return str(URLSafeTimedSerializer(self.secret, salt=purpose).dumps(told))

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """What the token says; raises `Refused` when it is forged, for something else, or too old."""
        try:
            told: dict[str, Any] = URLSafeTimedSerializer(self.secret, salt=purpose).loads(token, max_age=self.max_age)
        except SignatureExpired:
            raise Refused(Code.LINK_EXPIRED, "the token is too old; ask for a new one", "链接已过期") from None
        except BadSignature:
            raise Refused(Code.UNAUTHENTICATED, "the token is not ours or was changed", "凭证无效") from None
        return told


_STAFF = HTTPBearer(auto_error=False, description="a token of `huying staff token` / 工作人员凭证")


async def bearer(
    authorization: Annotated[str, Header(include_in_schema=False)] = "",
    _documented: Annotated[object, Depends(_STAFF)] = None,
) -> str:
    """The token of an `Authorization: Bearer …` header."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused(
            Code.UNAUTHENTICATED,
            "send `Authorization: Bearer TOKEN`; `huying staff token` makes one",
            "请提供 Authorization: Bearer 凭证",
        )
    return token
