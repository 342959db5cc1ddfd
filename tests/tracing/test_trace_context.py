"""The `traceparent` of other systems and of records is read as W3C Trace Context says, or is as good as none."""

import pytest

from shared.contracts import envelope
from shared.contracts.trace_context import parse
from tests import story
from tests.chassis.conftest import envelope as envelope_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_the_lowest_flag_says_whether_a_trace_is_recorded(flags: str, is_sampled: bool):
    assert parse(f"00-{TRACE}-{SPAN}-{flags}") == (int(TRACE, 16), int(SPAN, 16), is_sampled)


def test_a_later_version_is_read_as_the_first():
    assert parse(f"cc-{TRACE}-{SPAN}-01-what-comes-then") == parse(f"00-{TRACE}-{SPAN}-01")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-0١",
        f"cc-{TRACE}-{SPAN}-01-\0",
    ],
)
def test_what_is_no_traceparent_is_as_good_as_none(text: str):
    assert parse(text) is None


@pytest.mark.parametrize(("given", "read"), [(f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01"), ("\0x", None)])
def test_a_trace_that_cannot_be_read_does_not_spoil_its_fact(given: str, read: str | None):
    fact = envelope_of(story.SUBMITTED[0], 1)._replace(traceparent=given)
    record = envelope.read(fact.stream, str(fact.key).encode(), fact.headers(), fact.data.encode())
    assert record == fact._replace(traceparent=read)
