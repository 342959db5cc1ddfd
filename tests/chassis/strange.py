"""Generates records that no service would send: with parts that are missing, null, duplicated, too large or not
text."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from shared.contracts.demand import facts as f
from tests import story
from tests.chassis.conftest import envelope

KEYS = [story.ID, UUID(int=7)]
TOLD = [
    envelope(fact, sequence, key)
    for key in KEYS
    for fact, sequence in [
        *((fact, n) for n, fact in enumerate(story.CLOSED, 1)),
        (f.DemandUrged(reason="三天了"), None),
    ]
]
NAMES = [*dict(TOLD[1].headers()), "ce_sequence", "ce_causationid", "ce_correlationid", "ce_traceparent", "ce_imported"]

_texts = st.sampled_from(
    [
        b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"null", b"0", b"-1", b"1_0", b"+1", b"2147483647", b"2147483648",
        b"9" * 5000, b"x" * 100_000, "三".encode(), b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00",
        b"2021-05-10T02:00:00", b"9999999999", b"demand.submitted.v1", b"demand.urged.v1", b"/services/routing",
        b"/services/reporting", str(KEYS[0]).encode(), b"{" + str(KEYS[1]).encode() + b"}",
    ]
)  # fmt: skip
anything = st.none() | _texts | st.binary(max_size=40)
_names = st.sampled_from(NAMES) | st.text(
    st.characters(exclude_categories=()) | st.sampled_from(["\x00", "\udcff", "\ud800"]), max_size=6
)
_values = st.sampled_from(
    [
        b"{}", b"[]", b"null", b'"\\u0000"', b'{"reason": "\\u0000"}', b'{"reason": "\\ud800"}', b"[" * 50_000,
        b'{"reason": ' + b"9" * 5000 + b"}", b'{"reason": 1e999}', b"{" + b"x" * 1_000_000,
    ]
)  # fmt: skip


@st.composite
def records(draw: Callable[[st.SearchStrategy[Any]], Any]) -> dict[str, Any]:
    """The parts of a record that a client chooses: key, headers and value. The broker chooses partition and offset."""
    told = draw(st.sampled_from(TOLD))
    headers: list[tuple[str, bytes | None]] = list(told.headers())
    for _ in range(draw(st.integers(0, 3))):
        name = draw(_names)
        match draw(st.sampled_from(["change", "drop", "double"])):
            case "change":
                given = draw(anything)
                headers = [(known, given if known == name else value) for known, value in headers]
            case "drop":
                headers = [(known, value) for known, value in headers if known != name]
            case _:
                headers.append((name, draw(anything)))
    key = draw(st.just(str(told.key).encode()) | anything)
    value = draw(st.just(told.data.encode()) | _values | anything)
    return {"key": key, "headers": tuple(headers), "value": value}
