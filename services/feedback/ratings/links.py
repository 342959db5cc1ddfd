"""Signed links of messages: whoever holds one may see a demand, and its citizen may rate it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.chassis.base.tokens import Tokens
from shared.contracts.refusals import Code, Refused

MAX_AGE: Final = 400 * 24 * 3600
"""Seconds. Our choice: the link of the first message works until the longest demand has ended, and a while longer."""


class Holder(StrEnum):
    """Who got a link; the value is the purpose that the token is signed for."""

    CITIZEN = "rate"
    SUPPORTER = "look"


@dataclass(frozen=True, slots=True)
class Links:
    """Writes and reads links; every one begins with the public address of this deployment."""

    tokens: Tokens
    public_url: str

    @classmethod
    def at(cls, public_url: str, secret: str, previous: str = "") -> "Links":
        """Those of the deployment at this address; links that the secret before has signed work too."""
        return cls(Tokens(secret, MAX_AGE, previous), public_url.rstrip("/"))

    def follow(self, demand_id: UUID, holder: Holder = Holder.CITIZEN) -> str:
        """Where it stands and what was answered."""
        return f"{self.public_url}/follow/{self._token(demand_id, holder)}"

    def rate(self, demand_id: UUID) -> str:
        """The same page, by the name that asks for a rating."""
        return f"{self.public_url}/rate/{self._token(demand_id, Holder.CITIZEN)}"

    def _token(self, demand_id: UUID, holder: Holder) -> str:
        # Short, since it is paid for in text messages.
        return self.tokens.write(holder, {"d": urlsafe_b64encode(demand_id.bytes).decode().rstrip("=")})

    def read(self, token: str) -> tuple[UUID, Holder]:
        """The demand that a token is for, and who holds it; raises `Refused`."""
        with suppress(_Otherwise):
            return self._read(token, Holder.CITIZEN), Holder.CITIZEN
        try:
            return self._read(token, Holder.SUPPORTER), Holder.SUPPORTER
        except _Otherwise as refused:
            raise Refused(refused.code, refused.en, refused.zh) from None

    def _read(self, token: str, holder: Holder) -> UUID:
        try:
            told = self.tokens.read(holder, token)
        except Refused as refused:
            if refused.code is Code.UNAUTHENTICATED:
                raise _Otherwise(refused.code, refused.en, refused.zh) from None
            raise
        # Links of the versions before say `demand`.
        return UUID(bytes=urlsafe_b64decode(f"{told['d']}==")) if "d" in told else UUID(str(told["demand"]))


class _Otherwise(Refused):
    """The token is not signed for this holder."""
