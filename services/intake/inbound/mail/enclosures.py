"""Extracts the files of an e-mail, also those within a `winmail.dat`; signatures are left out."""

from collections.abc import Iterator
from email.message import Message as Mail
from typing import Final

ENCRYPTED: Final = "［加密的内容，本系统无法阅读 / encrypted: cannot be read here］"
_SIGNATURES: Final = frozenset(
    {
        *("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"),
        *("application/pgp-keys", "application/pgp-encrypted", "application/x-pkcs7-crl"),
    }
)
_SIGNATURE_NAMES: Final = (".p7s", ".sig")
_SIGNATURE_HEADS: Final = (b"-----BEGIN PGP SIGNATURE", b"-----BEGIN PGP PUBLIC KEY")
_ENCRYPTED_TYPES: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_TNEF: Final = b"\x78\x9f\x3e\x22"
# Attributes of an attachment (MS-OXTNEF 2.1.3.3): where it begins, and its bytes.
_BEGINS, _DATA = 0x9002, 0x800F


def enclosed(mail: Mail, content: bytes) -> tuple[bytes, ...]:
    """The files of a part: usually the part itself."""
    if _is_signature(mail, content):
        return ()
    return _within(content) if content.startswith(_TNEF) else (content,)


def is_encrypted(mail: Mail, content: bytes) -> bool:
    """Whether the text of an e-mail may be in an encrypted part, which cannot be opened here."""
    return content.startswith(b"-----BEGIN PGP MESSAGE") or mail.get_content_type() in _ENCRYPTED_TYPES


def _is_signature(mail: Mail, content: bytes) -> bool:
    name = (mail.get_filename() or "").lower()
    return (
        mail.get_content_type() in _SIGNATURES
        or name.endswith(_SIGNATURE_NAMES)
        or content.lstrip()[:40].startswith(_SIGNATURE_HEADS)
    )


def _within(content: bytes) -> tuple[bytes, ...]:
    """The files within Outlook's container, whose text the e-mail has anyway; the container itself if it cannot be
    parsed."""
    attributes = list(_attributes(content))
    files = tuple(data for id, data in attributes if id == _DATA)
    return files if sum(id == _BEGINS for id, _ in attributes) <= len(files) else (content,)


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The attributes of the container. Rule: MS-OXTNEF 2.1.1: after six bytes, each has level, id, type, length, data
    and a checksum of two bytes."""
    at = 6
    while at + 9 <= len(content):
        size = int.from_bytes(content[at + 5 : at + 9], "little")
        yield int.from_bytes(content[at + 1 : at + 3], "little"), content[at + 9 : at + 9 + size]
        at += 9 + size + 2
