"""The `traceparent` of W3C Trace Context, level 1: by which trace and span something is followed."""

import re
from typing import Final, NamedTuple

_FORM: Final = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})(?P<span>[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})(?P<more>-[!-~]{0,200})?"
)
"""Versions after 00 may have more behind the flags, and are read as 00."""


class TraceParent(NamedTuple):
    """The ids of a trace and of the span that the next one follows, and whether the trace is recorded."""

    trace_id: int
    span_id: int
    is_sampled: bool


def parse(traceparent: str) -> TraceParent | None:
    """None where the text is no `traceparent`: the standard has it ignored then."""
    form = _FORM.fullmatch(traceparent)
    if form is None or (form["version"] == "00" and form["more"]):
        return None
    return TraceParent(int(form["trace"], 16), int(form["span"], 16), bool(int(form["flags"], 16) & 1))
