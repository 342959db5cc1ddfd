"""Decides whether two contacts belong to one person: normalises every contact method and hashes it."""

import re
import unicodedata
from collections.abc import Iterator
from email.utils import parseaddr
from typing import Final
from uuid import UUID

from services.intake.vault.contact import Contact
from services.intake.vault.sealing import Vault

_BETWEEN: Final = re.compile(r"[/,，;；、|或]")
_CHINA: Final = "86"
_SHORTEST: Final = 10
"""A telephone number with its area code has at least so many digits, without leading zeros."""


def persons(vault: Vault, demand: UUID, contact: Contact | None) -> list[bytes]:
    """The keyed hashes of a person's contact methods; they can be compared only within this demand."""
    contacts = sorted(set(ways(contact))) if contact else []
    return [vault.pseudonym(f"supporter of {demand}\n{way}") for way in contacts]


def correspondents(vault: Vault, contact: Contact) -> list[bytes]:
    """The keyed hashes of a person's contact methods, by which the answer to a message is recognised."""
    return [vault.pseudonym(f"correspondent\n{way}") for way in sorted(set(ways(contact)))]


def ways(contact: Contact) -> Iterator[str]:
    """The normalised contact methods: telephone numbers, e-mail address and openid. A name or a postal address does not
    identify a person."""
    yield from (f"phone {number}" for part in _BETWEEN.split(contact.phone) if (number := _telephone(part)))
    if address := _mail(contact.email):
        yield f"email {address}"
    if openid := unicodedata.normalize("NFKC", contact.wechat).strip():
        yield f"wechat {openid}"


def _telephone(text: str) -> str:
    """The digits of a telephone number in any script, without the country code and international prefix."""
    digits = "".join(filter(None, map(_digit, unicodedata.normalize("NFKC", text)))).lstrip("0")
    if digits.startswith(_CHINA) and len(digits) >= len(_CHINA) + _SHORTEST:
        digits = digits.removeprefix(_CHINA).lstrip("0")
    return digits


def _digit(character: str) -> str:
    value = unicodedata.numeric(character, -1)
    return str(int(value)) if value in range(10) else ""


def _mail(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join((parseaddr(plain)[1] or plain).split()).casefold()
