"""A channel gets the fields of a fact that the citizen may see, and no internal ones."""

import json
from typing import Final
from uuid import UUID

import pytest

from shared.contracts.channel_view import EVENT_TYPES, INTERNAL, VISIBLE, ChannelEvent, channel_event
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status
from shared.contracts.envelope import Envelope
from shared.contracts.event_types import FACTS, parse
from tests import story
from tests.contracts.test_published import SAMPLES

KEPT_BACK: Final[dict[type[f.Fact], set[str]]] = {
    f.DemandSubmitted: {
        "channel_name", "contact", "history", "imported", "location", "placed_by", "urgency", "vulnerable",
    },
    f.DemandTriaged: {"history", "reason", "suggestions"},
    f.DemandRouted: {
        "assisting", "by", "contact_due_at", "history", "limit", "limit_source", "reason", "rule", "sign_due_at",
        "team",
    },
    f.DemandDeclined: {"by", "history"},
    f.DemandMerged: {"by", "history", "parent", "reason"},
    f.DemandUnmerged: {"by", "history", "parent_outcome", "reason"},
    f.DemandAccepted: {"by", "by_subject", "history"},
    f.DemandReturned: {"by", "history"},
    f.DemandContacted: {"by", "history"},
    f.DemandProgressed: {"by", "evidence", "history"},
    f.DemandExtended: {"approved_by", "by", "history", "working_days"},
    f.DemandReclassified: {"by", "history", "limit_days", "limit_source", "reason"},
    f.DemandListed: {"by", "history"},
    f.DemandPaused: {"by", "history"},
    f.DemandResumed: {"assistance", "by", "contact_due_at", "history", "note"},
    f.DemandResolved: {"by", "evidence", "history", "not_contacted", "on_the_spot"},
    f.DemandWithdrawn: {"history"},
    f.DemandConfirmed: {"asked", "entered_by", "history"},
    f.DemandReopened: {"asked", "entered_by", "history"},
    f.DemandClosed: {"calls", "history"},
    f.DemandSupplemented: {"original"},
    f.DemandUrged: {"original"},
    f.DemandSupported: {"channel", "channel_kind", "contact"},
    f.WithdrawalRequested: {"original"},
    f.DemandPublished: {"by", "policy", "reopenings"},
    f.DemandUnpublished: {"by", "reason"},
    f.PublicationRefused: {"entered_by", "said_by"},
    f.PublicationAllowed: {"refusals", "entered_by", "said_by"},
}  # fmt: skip
"""Fields that no channel gets; a new field must be added here or to `VISIBLE`."""
DEMAND: Final = Demand(
    id=story.ID, number="NH21-001335-9", jurisdiction="nanhai", division="440605011001", status=Status.IN_PROGRESS,
    unit="u-1", contact=UUID(int=77), handler="经办人姓名", title="路面破损",
)  # fmt: skip


def seen(fact: f.Fact, **fields: object) -> ChannelEvent | None:
    envelope = Envelope(
        id=UUID(int=5), stream="demand", key=story.ID, type=fact.wire_type(), source="/services/routing",
        subject=DEMAND.number, time=story.AT, sequence=4, causation=UUID(int=6), correlation=UUID(int=7),
        traceparent="00-trace", imported=False, data="{}",
    )  # fmt: skip
    return channel_event(DEMAND, fact, envelope._replace(**fields), {"u-1": "桂城街道"}.__getitem__)


def sample(kind: type[f.Fact]) -> f.Fact:
    return parse(kind.wire_type(), (SAMPLES / f"{kind.wire_type()}.json").read_text("utf-8"))


def test_every_fact_is_shown_to_channels_or_kept_among_offices():
    assert {*VISIBLE} | INTERNAL == {*FACTS.values()}
    assert not {*VISIBLE} & INTERNAL


@pytest.mark.parametrize("kind", FACTS.values(), ids=lambda kind: kind.type)
def test_every_field_of_a_fact_is_shown_or_kept_back_by_a_decision(kind: type[f.Fact]):
    if kind in INTERNAL:
        assert kind not in KEPT_BACK
        return
    assert VISIBLE[kind] | KEPT_BACK[kind] == {*kind.model_fields}
    assert not VISIBLE[kind] & KEPT_BACK[kind]


@pytest.mark.parametrize("kind", FACTS.values(), ids=lambda kind: kind.type)
def test_no_internal_field_is_in_the_event(kind: type[f.Fact]):
    fact = sample(kind)
    internal = dict.fromkeys(KEPT_BACK.get(kind, kind.model_fields), "canary-7f3a")
    event = seen(fact.model_copy(update=internal))
    assert (event is None) is (kind in INTERNAL)
    assert event is None or "canary" not in event.model_dump_json()


@pytest.mark.parametrize("kind", VISIBLE, ids=lambda kind: kind.type)
def test_every_visible_field_is_in_the_event(kind: type[f.Fact]):
    fact = sample(kind)
    event = seen(fact)
    visible = fact.model_dump(mode="json", include=set(VISIBLE[kind]), exclude_none=True)
    assert event
    assert event.data.fact == visible


def test_an_event_has_the_status_of_the_demand_and_its_sequence():
    event = seen(f.DemandProgressed(by="陈", note="明天到场"), sequence=9, imported=True)
    assert event
    payload = json.loads(event.model_dump_json())
    assert {name: payload[name] for name in payload if name != "data"} == {
        "specversion": "1.0", "id": str(UUID(int=5)), "source": "/services/routing", "type": "demand.progressed.v1",
        "subject": DEMAND.number, "time": "2021-05-10T02:00:00Z", "sequence": 9, "imported": True,
    }  # fmt: skip
    assert payload["data"] == {
        "demand": {
            "id": str(story.ID), "number": DEMAND.number, "jurisdiction": "nanhai", "kind": "help", "category": None,
            "division": "440605011001", "status": "in_progress", "unit": "u-1", "unit_name": "桂城街道",
            "due_at": None,
        },
        "fact": {"note": "明天到场"},
    }  # fmt: skip


def test_a_fact_of_a_retired_version_is_sent_in_the_present_version():
    retired_fact = parse("demand.routed.v1", (SAMPLES / "demand.routed.v1.json").read_text("utf-8"))
    event = seen(retired_fact, type="demand.routed.v1")
    assert event
    assert event.type == "demand.routed.v2"
    assert event.type in EVENT_TYPES
