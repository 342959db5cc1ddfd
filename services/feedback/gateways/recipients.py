"""To whom a message goes: an address that lives as long as the sending, and the little of it that may be kept."""

import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from shared.contracts.demand.facts import ChannelKind

_HEAD, _TAIL, _LONG = 3, 4, 11
_STARS: Final = "****"


class ContactMethod(StrEnum):
    """The ways to reach a citizen, named as intake's fields; the first that was left is taken."""

    PHONE = "phone"
    WECHAT = "wechat"
    EMAIL = "email"


_OWN: Final = {ChannelKind.WECHAT: ContactMethod.WECHAT, ChannelKind.EMAIL: ContactMethod.EMAIL}


@dataclass(frozen=True, slots=True)
class Recipient:
    """`address` is for the gateway alone; records and logs have `masked`."""

    means: ContactMethod
    address: str = field(repr=False)
    mark: bytes = b""
    """See `mark`."""
    gateway: str = ""
    """The name of the gateway that reaches this address."""

    @property
    def masked(self) -> str:
        """Enough to recognise one's own number by, too little to call it: 138****8000."""
        if self.means is ContactMethod.EMAIL:
            name, at, domain = self.address.rpartition("@")
            return f"{name[:1]}{_STARS}@{domain}" if at else _STARS
        signs = "".join(filter(str.isalnum, self.address))
        return f"{signs[:_HEAD]}{_STARS}{signs[-_TAIL:]}" if len(signs) >= _LONG else _STARS


def mark(means: ContactMethod, address: str, secret: str) -> bytes:
    """A keyed hash of the address, 16 bytes: tells whether two messages are for the same one, and nothing else."""
    address = address.strip().casefold()
    if means is ContactMethod.PHONE:
        address = "".join(filter(str.isdigit, address))
        address = address.removeprefix("0086").removeprefix("86") if len(address) > _LONG else address
    key = hashlib.sha256(f"huying messages {secret}".encode()).digest()
    return hmac.digest(key, f"{means}:{address}".encode(), "sha256")[:16]


def means_for(channel: ChannelKind) -> tuple[ContactMethod, ...]:
    """In which order to ask: who came by WeChat or mail is answered there."""
    own = _OWN.get(channel, ContactMethod.PHONE)
    return (own, *(means for means in ContactMethod if means is not own))
