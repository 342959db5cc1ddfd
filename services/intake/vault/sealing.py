"""Seals the personal data of each demand with a key of its own, so that destroying the key erases the data."""

import hmac
import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_PERSONAL: Final = re.compile(r"(?<!\d)(?:(?:0|86)?1[3-9]\d{9}|[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx])(?!\d)")


@dataclass(frozen=True, slots=True)
class Key:
    """The unwrapped key of one demand. Each box is bound to its id, so that boxes cannot be swapped."""

    id: UUID
    secret: bytes = field(repr=False)

    def seal(self, box: UUID, personal: bytes) -> bytes:
        """Seal personal data."""
        return _lock(AESGCM(self.secret), personal, box)

    def open(self, box: UUID, sealed: bytes) -> bytes:
        """Open sealed data; raises `cryptography.exceptions.InvalidTag` if it was changed."""
        return _unlock(self.secret, sealed, box)


@dataclass(frozen=True, slots=True)
class Vault:
    """Wraps keys with AES-256-GCM and a master key, which is not stored in the database. The old master key still opens
    keys while it is being changed.

    Pseudonyms and fingerprints must stay the same after that change, so they are made with another key that lasts:
    `naming`.
    """

    master: bytes = field(repr=False)
    old: bytes | None = field(default=None, repr=False)
    naming: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, secret: str, old_secret: str = "", lasting: str = "") -> "Vault":
        """A vault whose master key is derived from a secret (HKDF-SHA256, RFC 5869), and its pseudonyms from a secret
        that lasts."""
        derived = _derive(secret.encode(), b"huying contact vault")
        old = _derive(old_secret.encode(), b"huying contact vault") if old_secret else None
        return cls(derived, old, _derive((lasting or secret).encode(), b"huying names"))

    @property
    def mark(self) -> str:
        """A name of the master key that does not reveal it; it is stored beside every key that it wraps."""
        return _derive(self.master, b"huying master mark").hex()[:16]

    def new_key(self, id: UUID) -> Key:
        """A fresh key for a demand."""
        return Key(id, AESGCM.generate_key(256))

    def wrap(self, key: Key) -> bytes:
        """Wrap a key for the database."""
        return _lock(_cipher(self.master), key.secret, key.id)

    def unwrap(self, id: UUID, wrapped: bytes) -> Key:
        """Unwrap a key with the master key that wrapped it; raises `cryptography.exceptions.InvalidTag` if neither
        did."""
        try:
            return Key(id, _unlock(self.master, wrapped, id))
        except InvalidTag:
            if self.old is None:
                raise
            return Key(id, _unlock(self.old, wrapped, id))

    def pseudonym(self, person: str) -> bytes:
        """The pseudonym of a person: always the same, and it cannot be reversed."""
        return hmac.digest(_derive(self.naming, b"huying pseudonyms"), person.encode(), "sha256")

    def reference(self, reference: str) -> str:
        """A channel's reference or key as it is stored.

        It is stored for ever, so an erasure must not leave the person in it: one with a telephone or identity number,
        as hotlines make of the caller's, is stored as a pseudonym.
        """
        return f"hidden:{self.pseudonym(reference).hex()[:40]}" if _PERSONAL.search(reference) else reference

    def fingerprint(self, content: bytes) -> bytes:
        """The fingerprint of a content, as it is stored."""
        return _fingerprint(self.naming or self.master, content)

    def fingerprints(self, content: bytes) -> tuple[bytes, ...]:
        """All fingerprints that a content may have, the stored form first. They are keyed, so that nobody can find the
        content by trying. Fingerprints from before there was a lasting key were made with the master key."""
        return tuple(_fingerprint(key, content) for key in (self.naming, self.master, self.old) if key)


def _fingerprint(key: bytes, content: bytes) -> bytes:
    return hmac.digest(_derive(key, b"huying fingerprints"), content, "sha256")


@lru_cache(maxsize=16)
def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=purpose).derive(secret)


@lru_cache(maxsize=16)
def _cipher(master: bytes) -> AESGCM:
    return AESGCM(master)


def _lock(cipher: AESGCM, data: bytes, name: UUID) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, data, name.bytes)


def _unlock(key: bytes, locked: bytes, name: UUID) -> bytes:
    return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], name.bytes)
