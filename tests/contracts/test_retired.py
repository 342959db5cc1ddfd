"""A fact in a retired version is read as its present version, wherever it is stored."""

import json

import pytest

from shared.contracts.demand import facts as f
from shared.contracts.demand.retired import DemandRoutedV1, routed
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service, Status
from shared.contracts.event_types import FACTS, KNOWN, RETIRED, current_data, parse, recorded, upcast
from shared.contracts.published import asyncapi, schemas
from shared.contracts.refusals import Refused
from tests import story
from tests.contracts.test_published import SAMPLES

V1 = (SAMPLES / "demand.routed.v1.json").read_text("utf-8")
TODAY = {
    "demand.routed.v1": {
        "unit": "u-1",
        "assisting": ["u-2"],
        "team": "t-1",
        "rule": "roads",
        "limit": {"days": 10},
        "limit_source": "guangdong-2022",
        "due_at": "2021-05-20T09:30:00Z",
    }
}
"""The present version of each retired sample."""


def test_every_retired_version_has_a_present_version():
    assert set(TODAY) == set(RETIRED)


@pytest.mark.parametrize("name", RETIRED)
def test_a_retired_version_is_read_as_the_present_one(name: str):
    sample = (SAMPLES / f"{name}.json").read_text("utf-8")
    fact = parse(name, sample)
    assert FACTS[fact.wire_type()] is type(fact)
    assert json.loads(fact.model_dump_json(exclude_defaults=True)) == TODAY[name] == current_data(name, sample)


def test_a_present_fact_is_shown_unchanged():
    assert current_data("demand.accepted.v1", '{"by": "陈", "later": 1}') == {"by": "陈", "later": 1}


def test_a_retired_version_keeps_its_history():
    step = f.RecordedStep(at=story.AT, type="demand.accepted", data={"by": "Chen"})
    old = DemandRoutedV1(unit="u", rule="recorded", history=(step,))
    assert routed(old) == f.DemandRouted(unit="u", rule="recorded", history=(step,))
    assert upcast(routed(old)) == routed(old)


def test_a_body_that_does_not_fit_its_retired_version_is_refused():
    with pytest.raises(Refused, match=r"demand.routed.v1: limit_days"):
        parse("demand.routed.v1", '{"unit": "u", "rule": "r", "limit_days": 0}')


def test_every_reader_knows_retired_versions_and_no_service_records_them():
    rules = demand_rules(Service.REPORTING)
    assert all(map(rules.handles, KNOWN))
    document = asyncapi()
    type_and_body = [
        message["$ref"] for operation in document["operations"].values() for message in operation["messages"]
    ]
    assert {name.rpartition("/")[2] for name in type_and_body} == set(FACTS)
    for name in KNOWN:
        deprecated = name in RETIRED
        assert schemas()[name].get("deprecated", False) is deprecated
        assert document["components"]["messages"][name]["payload"].get("deprecated", False) is deprecated


def test_a_step_that_another_system_recorded_keeps_the_fields_of_the_first_version():
    data = {"unit": "nh-tax", "rule": "recorded", "limit_days": 15}
    fact = recorded(f.RecordedStep(at=story.AT, type="demand.routed", data=data))
    assert fact == f.DemandRouted(unit="nh-tax", rule="recorded", limit=f.WorkingDays(days=15))


def test_a_limit_is_in_days_or_in_hours():
    fact = parse("demand.routed.v2", '{"unit": "u", "rule": "r", "limit": {"hours": 4}}')
    assert isinstance(fact, f.DemandRouted)
    assert fact.limit == f.Hours(hours=4)
    for limit in ("4", '{"hours": 0}', '{"days": 0}', "{}"):
        with pytest.raises(Refused, match="limit"):
            parse("demand.routed.v2", f'{{"unit": "u", "rule": "r", "limit": {limit}}}')


def test_both_versions_give_a_demand_the_same_state():
    rules = demand_rules(Service.REPORTING)
    before = story.demand(*story.SUBMITTED)
    today = json.dumps(TODAY["demand.routed.v1"])
    old, new = (
        rules.parse(*type_and_body) for type_and_body in (("demand.routed.v1", V1), ("demand.routed.v2", today))
    )
    assert rules.evolve(before, old, story.AT) == rules.evolve(before, new, story.AT)
    assert rules.evolve(before, old, story.AT).status is Status.ROUTED
