"""Signed links in messages, with which citizens and supporters follow a demand, and its citizen rates an answer."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from shared.chassis.base.tokens import Tokens
from shared.contracts.refusals import Code, Refused

MAX_AGE: Final = 400 * 24 * 3600
"""Seconds that a link is valid. Our choice: longer than the longest demand takes."""


class LinkHolder(StrEnum):
    """The person who got a link; the value is the purpose of the signed token."""

    CITIZEN = "rate"
    SUPPORTER = "look"


class LinkContent(NamedTuple):
    """The content of a token. `answer` is the version of the demand whose answer the link asks to rate; None: the
    current answer."""

    demand: UUID
    holder: LinkHolder
    answer: int | None = None


class BrokenLink(Refused):
    """The link was forged or changed, or is incomplete."""

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
        """The links of the deployment at this address; links that are signed with the previous secret are valid too."""
        return cls(Tokens(secret, MAX_AGE, previous), public_url.rstrip("/"))

    def follow(self, demand: UUID, holder: LinkHolder = LinkHolder.CITIZEN) -> str:
        """The URL of the page with the status of the demand and its answer."""
        return f"{self.public_url}{follow_path(self.token(demand, holder))}"

    def rate(self, demand: UUID, answer: int | None = None) -> str:
        """The URL of the page where the citizen rates an answer."""
        return f"{self.public_url}{rate_path(self.token(demand, answer=answer))}"

    def token(self, demand: UUID, holder: LinkHolder = LinkHolder.CITIZEN, answer: int | None = None) -> str:
        """The signed part of a link; it is short, because the length of text messages costs money."""
        claims: dict[str, Any] = {"d": urlsafe_b64encode(demand.bytes).decode().rstrip("=")}
        return self.tokens.write(holder, claims if answer is None else claims | {"v": answer})

    def read(self, token: str) -> LinkContent:
        """The content of a token; raises `BrokenLink`, or `Refused` if it is too old.

        It needs no database, so attempts to guess a token are cheap for us.
        """
        with suppress(_OtherHolder):
            return self._read(token, LinkHolder.CITIZEN)
        try:
            return self._read(token, LinkHolder.SUPPORTER)
        except _OtherHolder:
            raise BrokenLink from None

    def _read(self, token: str, holder: LinkHolder) -> LinkContent:
        try:
            claims = self.tokens.read(holder, token)
        except Refused as refused:
            if refused.code is Code.UNAUTHENTICATED:
                raise _OtherHolder(refused.code, refused.en, refused.zh) from None
            raise
        # Links of older versions have the claim `demand` instead of `d`.
        demand = UUID(bytes=urlsafe_b64decode(f"{claims['d']}==")) if "d" in claims else UUID(str(claims["demand"]))
        return LinkContent(demand, holder, claims.get("v"))


def follow_path(token: str) -> str:
    """The path at which intake serves the page of a demand."""
    return f"/follow/{token}"


def rate_path(token: str) -> str:
    """The path at which feedback serves the page for the rating."""
    return f"/rate/{token}"


class _OtherHolder(Refused):
    """The token is not signed for this holder."""
