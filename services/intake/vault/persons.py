"""Tells whether two contacts are one person's: every way to reach somebody, in one form however it was written."""

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
"""Digits of a number with its area, without zeros before it."""


def persons(vault: Vault, demand: UUID, contact: Contact | None) -> list[bytes]:
    """Keyed hashes of every way to reach the person, good for comparing within this demand alone."""
    contacts = sorted(set(ways(contact))) if contact else []
    return [vault.pseudonym(f"supporter of {demand}\n{way}") for way in contacts]


def correspondents(vault: Vault, contact: Contact) -> list[bytes]:
    """Keyed hashes of every way to reach the person, by which an answer to a message is known as theirs."""
    return [vault.pseudonym(f"correspondent\n{way}") for way in sorted(set(ways(contact)))]


def ways(contact: Contact) -> Iterator[str]:
    """Telephones, e-mail address and openid in one form; a name or an address alone tells nobody apart."""
    yield from (f"phone {number}" for part in _BETWEEN.split(contact.phone) if (number := _telephone(part)))
    if address := _mail(contact.email):
        yield f"email {address}"
    if openid := unicodedata.normalize("NFKC", contact.wechat).strip():
        yield f"wechat {openid}"


def _telephone(written: str) -> str:
    """Its digits in whatever script, without what stands for the country or for a call from elsewhere."""
    digits = "".join(filter(None, map(_digit, unicodedata.normalize("NFKC", written)))).lstrip("0")
    if digits.startswith(_CHINA) and len(digits) >= len(_CHINA) + _SHORTEST:
        digits = digits.removeprefix(_CHINA).lstrip("0")
    return digits


def _digit(character: str) -> str:
    value = unicodedata.numeric(character, -1)
    return str(int(value)) if value in range(10) else ""


def _mail(written: str) -> str:
    plain = unicodedata.normalize("NFKC", written)
    return "".join((parseaddr(plain)[1] or plain).split()).casefold()
