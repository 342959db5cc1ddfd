"""The messages that a citizen gets, one for each moment worth telling."""

import re
from enum import StrEnum
from typing import Final

from shared.jurisdiction.parts import Text


class Notice(StrEnum):
    """Named as the fact that it tells: `submitted` tells `demand.submitted`."""

    SUBMITTED = "submitted"
    TRIAGED = "triaged"
    ROUTED = "routed"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    PROGRESSED = "progressed"
    EXTENDED = "extended"
    LISTED = "listed"
    MERGED = "merged"
    SUPPORTED = "supported"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    DEADLINE_WARNED = "deadline-warned"
    DEADLINE_MISSED = "deadline-missed"


PLACEHOLDERS: Final = frozenset(
    {"number", "unit", "due", "note", "reason", "result", "parent_number", "rating_url", "url"}
)
_ALWAYS: Final = frozenset({"number"})
_ALSO: Final = {
    Notice.RESOLVED: frozenset({"rating_url"}),
    Notice.DECLINED: frozenset({"rating_url"}),
    Notice.MERGED: frozenset({"parent_number"}),
}
_BRACED = re.compile(r"\{([^{}]*)\}")


def placeholders(words: str) -> frozenset[str]:
    return frozenset(_BRACED.findall(words))


def required(notice: Notice) -> frozenset[str]:
    """Without these a citizen could not tell what the message is about, or answer it."""
    return _ALWAYS | _ALSO.get(notice, frozenset())


def fill(words: str, values: dict[str, str]) -> str:
    """Put the values in; one that is not known reads as nothing, for a message must always go out."""
    return _BRACED.sub(lambda found: values.get(found[1], ""), words)


Templates = dict[Notice, Text]
