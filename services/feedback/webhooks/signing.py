"""Makes and seals the secrets of webhooks, and signs requests with them.

Rule: Standard Webhooks, "Verifying webhook authenticity"; while a secret is being changed, both sign.
"""

import base64
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from standardwebhooks import Webhook as Signer

PREFIX: Final = "whsec_"
_LENGTH: Final = 32
_NONCE: Final = 12


def new_secret() -> str:
    """A new secret in the form that its owner sees: 256 random bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_LENGTH)).decode()


def signed_headers(event: UUID, at: datetime, body: str, keys: Sequence[str]) -> Mapping[str, str]:
    """The headers of a request, signed with each of the secrets; `at` is the moment of the request, in UTC."""
    signatures = [Signer(key).sign(str(event), at, body) for key in keys]
    return {
        "webhook-id": str(event),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


@dataclass(frozen=True, slots=True)
class SecretBox:
    """Seals secrets for the database with `HUYING_SECRET`, and opens them also with the previous one."""

    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, secret: str, previous: str = "") -> "SecretBox":
        """The box of these settings."""
        return cls(tuple(_derived(text) for text in (secret, previous) if text))

    def seal(self, webhook: UUID, secret: str) -> bytes:
        """Seal a secret and bind it to its webhook."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self.keys[0]).encrypt(nonce, secret.encode(), webhook.bytes)

    def open(self, webhook: UUID, sealed: bytes) -> str:
        """Open a sealed secret; raises `InvalidTag` if neither key sealed it."""
        for key in self.keys:
            try:
                return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], webhook.bytes).decode()
            except InvalidTag:
                continue
        raise InvalidTag

    def is_current(self, webhook: UUID, sealed: bytes) -> bool:
        """Whether it was sealed with the present key."""
        try:
            SecretBox(self.keys[:1]).open(webhook, sealed)
        except InvalidTag:
            return False
        return True


def _derived(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"huying webhook secrets").derive(secret.encode())
