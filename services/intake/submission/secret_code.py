"""Derives the secret code with which a citizen follows a demand from the demand's id, so that no code is stored.

Rule: Crockford's Base32, which has no I, L, O or U and reads O as 0 and I or L as 1.
"""

import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.intake.submission.receipt import SubmissionReceipt

_PURPOSE: Final = b"huying: the code of demand "
_BYTES: Final = 5
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHIFTS: Final = range(35, -1, -5)
_AS_TYPED: Final = str.maketrans("OIL", "011", "- ")


@dataclass(frozen=True, slots=True)
class SecretCodes:
    """Derives codes of eight characters (40 bits) from the ids of demands and the secret of the deployment."""

    secret: str

    def of(self, demand: UUID) -> str:
        """The code of a demand, such as `7K2M9QXD`."""
        mac = hmac.digest(self.secret.encode(), _PURPOSE + demand.bytes, "sha256")
        number = int.from_bytes(mac[:_BYTES])
        return "".join(_CROCKFORD[number >> shift & 31] for shift in _SHIFTS)

    def for_receipt(self, receipt: SubmissionReceipt) -> str:
        """The code, for the channel that took the demand in; empty for a channel that only reported a sighting."""
        return self.of(receipt.id) if receipt.own else ""

    def fits(self, demand: UUID, typed: str) -> bool:
        """Whether this is the code of the demand. Case, spaces, hyphens and the letters O, I and L do not matter."""
        return hmac.compare_digest(self.of(demand).encode(), typed.upper().translate(_AS_TYPED).encode())
