"""Signed tokens: each is valid for one purpose and for a limited time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from shared.contracts.refusals import Code, Refused

SERVICE_TOKEN: Final = "service"
SERVICE_MAX_AGE: Final = 60
"""Seconds that a token between services is valid: the calling service makes a new one for each request."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Writes and reads URL-safe tokens with an HMAC signature; `max_age` is their lifetime in seconds.

    With a `previous` secret, tokens that were signed with it are valid too: needed while the secret is changed.
    """

    secret: str
    max_age: float = 30 * 24 * 3600
    previous: str = ""

    def write(self, purpose: str, claims: dict[str, Any]) -> str:
        """A token with these claims, valid for `purpose` only."""
        return str(self._serializer(purpose).dumps(claims))

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """The claims of a token; raises `Refused` if it is forged, for another purpose, or too old."""
        return self.read_dated(purpose, token)[0]

    def read_dated(self, purpose: str, token: str) -> tuple[dict[str, Any], datetime]:
        """The claims of a token, and when it was made, in whole seconds; raises `Refused`."""
        try:
            claims, made_at = self._serializer(purpose).loads(token, max_age=self.max_age, return_timestamp=True)  # type: ignore[arg-type]
        except SignatureExpired:
            raise Refused(Code.LINK_EXPIRED, "the token is too old; ask for a new one", "链接已过期") from None
        except BadSignature:
            raise Refused(
                Code.UNAUTHENTICATED, "the token was not made by this system, or was changed", "凭证无效"
            ) from None
        return claims, made_at

    def service_headers(self, service: str) -> dict[str, str]:
        """The headers of a request from this service to another one."""
        return {"Authorization": f"Bearer {self.write(SERVICE_TOKEN, {'service': service})}"}

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        keys = [self.previous, self.secret] if self.previous else [self.secret]  # the last one signs
        return URLSafeTimedSerializer(keys, salt=purpose)
