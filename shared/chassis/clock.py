"""Where time and ids come from, so that everything else can be given them."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


def now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


def uuid7() -> UUID:
    """A time-ordered id. Rule: RFC 9562, section 5.7."""
    milliseconds = time.time_ns() // 1_000_000
    number = (milliseconds << 80) | secrets.randbits(80)
    number &= ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=number | (0x7 << 76) | (0x2 << 62))
