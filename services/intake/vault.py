"""The contact vault: personal data sealed with a key per demand, so that destroying the key erases the person."""

import hmac
import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is stored: the wrapped key in one table, the box in another."""

    wrapped: bytes
    box: bytes


@dataclass(frozen=True, slots=True)
class Vault:
    """AES-256-GCM; the demand's reference is authenticated with the data, so boxes cannot be swapped."""

    master: bytes

    @classmethod
    def of(cls, secret: str) -> "Vault":
        """A vault whose master key is derived from a secret (HKDF-SHA256, RFC 5869)."""
        return cls(HKDF(SHA256(), 32, salt=None, info=b"huying contact vault").derive(secret.encode()))

    def seal(self, reference: UUID, personal: bytes) -> Sealed:
        """Seal personal data under a fresh key."""
        key = AESGCM.generate_key(256)
        return Sealed(_lock(self.master, key, reference), _lock(key, personal, reference))

    def open(self, reference: UUID, sealed: Sealed) -> bytes:
        """The data again; raises `cryptography.exceptions.InvalidTag` when anything was changed."""
        return _unlock(_unlock(self.master, sealed.wrapped, reference), sealed.box, reference)

    def pseudonym(self, person: str) -> bytes:
        """The same for the same person, and no way back."""
        return hmac.digest(self.master, b"huying pseudonym " + person.encode(), "sha256")


def _lock(key: bytes, data: bytes, reference: UUID) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, reference.bytes)


def _unlock(key: bytes, locked: bytes, reference: UUID) -> bytes:
    return AESGCM(key).decrypt(locked[:_NONCE], locked[_NONCE:], reference.bytes)
