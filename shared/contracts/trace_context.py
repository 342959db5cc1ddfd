"""Parses the `traceparent` of W3C Trace Context, level 1."""

import re
from typing import Final, NamedTuple

_FORM: Final = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-[!-~]{0,200})?"
)
"""Versions after 00 may have further fields after the flags; they are read like version 00."""


class TraceParent(NamedTuple):
    """The ids of a trace and of the parent span, and whether the trace is sampled."""

    trace_id: int
    span_id: int
    is_sampled: bool


def parse(traceparent: str) -> TraceParent | None:
    """Parse a `traceparent`; None if it is not valid, because the standard says to ignore it then."""
    match = _FORM.fullmatch(traceparent)
    if match is None or (match["version"] == "00" and match["more"]):
        return None
    return TraceParent(int(match["trace"], 16), int(match["span"], 16), bool(int(match["flags"], 16) & 1))
