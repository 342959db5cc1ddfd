"""Signed links of messages: whoever holds one may follow a demand, and its citizen may rate the answer."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.chassis.base.tokens import Tokens
from shared.contracts.refusals import Code, Refused

MAX_AGE: Final = 400 * 24 * 3600
"""Seconds. Our choice: the link of the first message works until the longest demand has ended, and a while longer."""


class Holder(StrEnum):
    """Who got a link; the value is the purpose that the token is signed for."""

    CITIZEN = "rate"
    SUPPORTER = "look"


class Link(NamedTuple):
    """What a token says. `answer` is the version of the demand with the answer that the link asks to rate; a link that
    names none is for whatever answer there is."""

    demand: UUID
    holder: Holder
    answer: int | None = None


class BrokenLink(Refused):
    """The link was forged or changed, or is only a part of one."""

    def __init__(self) -> None:
        en = "this link does not work: open the whole link of the message"
        super().__init__(Code.FORBIDDEN, en, "链接无效，请使用短信中的完整链接")


@dataclass(frozen=True, slots=True)
class CitizenLinks:
    """Writes and reads links. Feedback puts them into messages, intake opens the page of a demand with them."""

    tokens: Tokens
    public_url: str = ""

    @classmethod
    def at(cls, public_url: str, secret: str, previous: str = "") -> "CitizenLinks":
        """Those of the deployment at this address; links that the secret before has signed work too."""
        return cls(Tokens(secret, MAX_AGE, previous), public_url.rstrip("/"))

    def follow(self, demand: UUID, holder: Holder = Holder.CITIZEN) -> str:
        """The address of the page that tells where the demand stands and what was answered."""
        return f"{self.public_url}{follow_path(self.token(demand, holder))}"

    def rate(self, demand: UUID, answer: int | None = None) -> str:
        """The address of the page that takes the rating of one answer."""
        return f"{self.public_url}{rate_path(self.token(demand, answer=answer))}"

    def token(self, demand: UUID, holder: Holder = Holder.CITIZEN, answer: int | None = None) -> str:
        """The signed part of a link, short since it is paid for in text messages."""
        known: dict[str, Any] = {"d": urlsafe_b64encode(demand.bytes).decode().rstrip("=")}
        return self.tokens.write(holder, known if answer is None else known | {"v": answer})

    def read(self, token: str) -> Link:
        """What a token says; raises `BrokenLink`, or `Refused` for one that is too old.

        Nothing is asked of a database for it, so that guessing costs us the same however often it is tried.
        """
        with suppress(_Otherwise):
            return self._read(token, Holder.CITIZEN)
        try:
            return self._read(token, Holder.SUPPORTER)
        except _Otherwise:
            raise BrokenLink from None

    def _read(self, token: str, holder: Holder) -> Link:
        try:
            known = self.tokens.read(holder, token)
        except Refused as refused:
            if refused.code is Code.UNAUTHENTICATED:
                raise _Otherwise(refused.code, refused.en, refused.zh) from None
            raise
        # Links of the versions before say `demand`.
        demand = UUID(bytes=urlsafe_b64decode(f"{known['d']}==")) if "d" in known else UUID(str(known["demand"]))
        return Link(demand, holder, known.get("v"))


def follow_path(token: str) -> str:
    """Where intake serves the page of a demand."""
    return f"/follow/{token}"


def rate_path(token: str) -> str:
    """Where feedback serves the page that takes the rating."""
    return f"/rate/{token}"


class _Otherwise(Refused):
    """The token is not signed for this holder."""
