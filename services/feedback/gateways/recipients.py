"""Defines the recipient of a message: the address exists only while the message is sent; only its mark and a masked
form are stored."""

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from shared.contracts.demand.facts import ChannelKind

_HEAD, _TAIL, _LONG = 3, 4, 11
_STARS: Final = "****"
_FEWEST: Final = 3
"""Digits of a number that can be called: 110."""
_LETTER_BOX: Final = re.compile(r"(?!.*=\?)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
"""As browsers take an address into a form (HTML, `input type=email`), without words in another encoding (RFC 2047)."""


class ContactMethod(StrEnum):
    """The ways to reach a citizen, with the names of intake's fields."""

    PHONE = "phone"
    WECHAT = "wechat"
    EMAIL = "email"


_OWN: Final = {ChannelKind.WECHAT: ContactMethod.WECHAT, ChannelKind.EMAIL: ContactMethod.EMAIL}


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient. Only the gateway uses `address`; facts and logs have `masked`."""

    means: ContactMethod
    address: str = field(repr=False)
    mark: bytes = b""
    """The keyed hash of the address, see the function `mark`."""
    gateway: str = ""
    """The name of the gateway that reaches this address."""

    @property
    def masked(self) -> str:
        """The address with its middle hidden, as in 138****8000: people recognise their own number, and nobody can call
        it."""
        if self.means is ContactMethod.EMAIL:
            name, at, domain = self.address.rpartition("@")
            return f"{name[:1]}{_STARS}@{domain}" if at else _STARS
        signs = "".join(filter(str.isalnum, self.address))
        return f"{signs[:_HEAD]}{_STARS}{signs[-_TAIL:]}" if len(signs) >= _LONG else _STARS


def usable(means: ContactMethod, address: str) -> str | None:
    """What somebody wrote as an address, as gateways need it; None where no gateway could use it.

    Channels hand over what citizens typed, and no demand is refused for it: digits of any script here, and what would
    break the headers of a letter, or reach somebody else too.
    """
    match means:
        case ContactMethod.PHONE:
            plain = "".join(_ascii_digit(sign) for sign in address)
            return plain if sum(sign.isdigit() for sign in plain) >= _FEWEST else None
        case ContactMethod.EMAIL:
            return address.strip() if _LETTER_BOX.fullmatch(address.strip()) else None
    return address


def _ascii_digit(sign: str) -> str:
    if sign.isascii() or not sign.isdigit():
        return sign
    return str(unicodedata.decimal(sign, ""))


def mark(means: ContactMethod, address: str, secret: str, line: str = "") -> bytes:
    """A keyed hash of an address, 16 bytes: it tells whether two messages go to the same address. Messages with the
    same mark are sent in order and share an hourly limit; `line` separates those that wait for no others."""
    address = address.strip().casefold()
    if means is ContactMethod.PHONE:
        address = "".join(filter(str.isdigit, address))
        address = address.removeprefix("0086").removeprefix("86") if len(address) > _LONG else address
    key = hashlib.sha256(f"huying messages {secret}".encode()).digest()
    return hmac.digest(key, f"{means}:{address}{line}".encode(), "sha256")[:16]


def means_for(channel: ChannelKind) -> tuple[ContactMethod, ...]:
    """The contact methods in the order in which they are tried: who came by WeChat or e-mail is answered there."""
    own = _OWN.get(channel, ContactMethod.PHONE)
    return (own, *(means for means in ContactMethod if means is not own))
