"""Seals personal data under one key for each demand, so that destroying that key erases the person."""

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
    """The key of one demand, unwrapped. Each box is bound to its id, so that boxes cannot be swapped."""

    id: UUID
    secret: bytes = field(repr=False)

    def seal(self, box: UUID, personal: bytes) -> bytes:
        """Personal data, unreadable without this key."""
        return _lock(AESGCM(self.secret), personal, box)

    def open(self, box: UUID, sealed: bytes) -> bytes:
        """The data again; raises `cryptography.exceptions.InvalidTag` when anything was changed."""
        return _unlock(self.secret, sealed, box)


@dataclass(frozen=True, slots=True)
class Vault:
    """AES-256-GCM under a master key that is kept apart from the database; the old one serves while keys change.

    What is to be recognised after that change is named by a key that lasts: `naming`.
    """

    master: bytes = field(repr=False)
    old: bytes | None = field(default=None, repr=False)
    naming: bytes = field(default=b"", repr=False)

    @classmethod
    def of(cls, secret: str, old_secret: str = "", lasting: str = "") -> "Vault":
        """A vault whose master key is derived from a secret (HKDF-SHA256, RFC 5869), its names from one that lasts."""
        derived = _derive(secret.encode(), b"huying contact vault")
        old = _derive(old_secret.encode(), b"huying contact vault") if old_secret else None
        return cls(derived, old, _derive((lasting or secret).encode(), b"huying names"))

    @property
    def mark(self) -> str:
        """Names the master key without telling it, beside every key that it wraps."""
        return _derive(self.master, b"huying master mark").hex()[:16]

    def new_key(self, id: UUID) -> Key:
        """A fresh key for a demand."""
        return Key(id, AESGCM.generate_key(256))

    def wrap(self, key: Key) -> bytes:
        """The key as it is stored."""
        return _lock(_cipher(self.master), key.secret, key.id)

    def unwrap(self, id: UUID, wrapped: bytes) -> Key:
        """The key again, whichever master wrapped it; raises `cryptography.exceptions.InvalidTag` when none did."""
        try:
            return Key(id, _unlock(self.master, wrapped, id))
        except InvalidTag:
            if self.old is None:
                raise
            return Key(id, _unlock(self.old, wrapped, id))

    def pseudonym(self, person: str) -> bytes:
        """The same for the same person, and no way back."""
        return hmac.digest(_derive(self.naming, b"huying pseudonyms"), person.encode(), "sha256")

    def reference(self, reference: str) -> str:
        """A channel's reference or key as it is kept; a pseudonym where it holds a telephone or identity number, as
        hotlines make them of the caller's: it is kept for ever, and an erasure must not leave the person there."""
        return f"hidden:{self.pseudonym(reference).hex()[:40]}" if _PERSONAL.search(reference) else reference

    def fingerprint(self, content: bytes) -> bytes:
        """The name of a content that is kept."""
        return _fingerprint(self.naming or self.master, content)

    def fingerprints(self, content: bytes) -> tuple[bytes, ...]:
        """Names of a content, the one to keep first; without a key nobody can try out what was in it.

        Before there was a lasting key, names were made with the master.
        """
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
