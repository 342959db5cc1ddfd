"""Where time and ids come from, so that everything else can be given them."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID

from asyncpg.pgproto import pgproto


def now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


def uuid7() -> UUID:
    """A time-ordered id. Rule: RFC 9562, section 5.7."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    number &= ~(0xF << 76) & ~(0x3 << 62)
    # asyncpg's UUID is the standard one, written in C.
    return pgproto.UUID((number | (0x7 << 76) | (0x2 << 62)).to_bytes(16))
