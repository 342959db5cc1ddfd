"""The sources of time and ids; all other code gets them as parameters.

Ids are asyncpg's UUID, a faster subclass of the standard one.
"""

import hashlib
import os
import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from asyncpg.pgproto import pgproto

_VARIANT: Final = 0x2 << 62


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


def uuid7() -> UUID:
    """A new time-ordered id. Rule: RFC 9562, section 5.7."""
    return _uuid((time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10)), 7)


def uuid5(namespace: UUID, name: str) -> UUID:
    """The id that is derived from a name, always the same. Rule: RFC 9562, section 5.5."""
    digest = hashlib.sha1(namespace.bytes + name.encode(), usedforsecurity=False).digest()
    return _uuid(int.from_bytes(digest[:16]), 5)


def _uuid(number: int, version: int) -> UUID:
    number = number & ~(0xF << 76) & ~(0x3 << 62) | version << 76 | _VARIANT
    return pgproto.UUID(number.to_bytes(16))
