"""Signed tokens, each for one purpose and a limited time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from shared.contracts.refusals import Code, Refused

SERVICE_TOKEN: Final = "service"
SERVICE_MAX_AGE: Final = 60
"""Seconds: one service calls another with a token of its own for each request."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """URL-safe, signed with HMAC, each good for one purpose and a limited time (in seconds).

    While the secret is being changed, what the one before has signed is believed too.
    """

    secret: str
    max_age: float = 30 * 24 * 3600
    previous: str = ""

    def write(self, purpose: str, told: dict[str, Any]) -> str:
        """A token that says `told` for `purpose`."""
        return str(self._serializer(purpose).dumps(told))

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """What the token says; raises `Refused` when it is forged, for something else, or too old."""
        return self.read_dated(purpose, token)[0]

    def read_dated(self, purpose: str, token: str) -> tuple[dict[str, Any], datetime]:
        """What the token says, and when it was made, in whole seconds; raises `Refused`."""
        try:
            claims, made_at = self._serializer(purpose).loads(token, max_age=self.max_age, return_timestamp=True)  # type: ignore[arg-type]
        except SignatureExpired:
            raise Refused(Code.LINK_EXPIRED, "the token is too old; ask for a new one", "链接已过期") from None
        except BadSignature:
            raise Refused(Code.UNAUTHENTICATED, "the token is not ours or was changed", "凭证无效") from None
        return claims, made_at

    def service_headers(self, service: str) -> dict[str, str]:
        """The headers of a request with which one service asks another."""
        return {"Authorization": f"Bearer {self.write(SERVICE_TOKEN, {'service': service})}"}

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        keys = [self.previous, self.secret] if self.previous else [self.secret]  # the last one signs
        return URLSafeTimedSerializer(keys, salt=purpose)
