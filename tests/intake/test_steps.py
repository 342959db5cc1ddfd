"""Steps of imported history become facts, with citizens' personal data masked."""

from typing import Any

import pytest
from pydantic import JsonValue, ValidationError

from services.intake.submission import recorded_steps
from shared.contracts.demand.facts import DemandSubmitted, DemandSupplemented, RecordedStep
from shared.contracts.event_types import RECORDED, recorded
from tests.story import AT

PHONE = "13800138000"


def step(type: str, **data: JsonValue) -> RecordedStep:
    return RecordedStep(at=AT, type=type, data=data)


def test_fields_that_a_fact_does_not_have_are_left_out():
    fact = recorded_steps.masked_step(
        step("demand.resolved", by="陈", result="已修复", caller=PHONE, more={"phone": PHONE})
    )
    assert fact.data == {"by": "陈", "result": "已修复"}


@pytest.mark.parametrize(
    "values",
    [
        {"type": "demand.resolved", "by": f"陈 {PHONE}", "result": "已修复"},
        {"type": "demand.resolved", "by": "陈", "result": "已修复", "evidence": [f"联系{PHONE}"]},
        {"type": "demand.declined", "reason": "不属本区", "legal_basis": f"见{PHONE}"},
        {"type": "demand.extended", "due_at": "2021-05-12T02:00:00Z", "reason": "雨", "approved_by": PHONE},
        {"type": "demand.listed", "level": "town", "reason": "待建", "project": PHONE},
        {"type": "demand.confirmed", "rating": 5, "solved": True, "asked": f"电话{PHONE}"},
        {"type": "demand.routed", "unit": "nh-education", "rule": f"人工 {PHONE}"},
    ],
)
def test_a_telephone_is_masked_in_every_text_of_a_step(values: dict[str, Any]):
    fact = recorded_steps.masked_step(step(**values))
    assert PHONE not in fact.model_dump_json()
    assert "［手机号］" in fact.model_dump_json()
    assert recorded(fact)


def test_values_that_are_no_text_stay_unchanged():
    data = {
        "unit": "station-440605011001",
        "assisting": ["nh-transport"],
        "rule": "r1",
        "due_at": "2021-05-12T02:00:00Z",
    }
    assert recorded_steps.masked_step(step("demand.routed", **data)).data == data
    assert recorded_steps.masked_step(step("demand.closed", outcome="confirmed")).data == {"outcome": "confirmed"}


def test_a_text_that_becomes_longer_by_masking_still_fits_into_the_fact():
    text = "姓名：王芳。" * 660
    fact = recorded_steps.masked_step(step("demand.confirmed", rating=5, solved=True, comment=text))
    assert len(str(fact.data["comment"])) == 4000
    assert recorded(fact)


def test_an_unreadable_step_is_not_repeated_in_the_log():
    with pytest.raises(ValidationError) as fault:
        DemandSupplemented(text=PHONE * 400)
    assert PHONE not in str(fault.value)


@pytest.mark.parametrize("kind", [kind for kind in RECORDED.values() if kind is not DemandSubmitted])
def test_no_fact_has_nested_texts_that_masking_misses(kind: type[Any]):
    schema = kind.model_json_schema()
    nested = {name for name, nested_schema in schema.get("$defs", {}).items() if "enum" not in nested_schema}
    # The due time of another unit: a unit and a time, no text.
    assert nested <= {"JsonValue", "RecordedStep", "AssistanceDue"}, "steps within a step are left out: see below"
    assert not [name for name, fact in schema["properties"].items() if fact.get("type") == "object"]


def test_steps_within_a_step_are_left_out():
    inner = {"at": "2021-05-12T00:00:00Z", "type": "demand.resolved", "data": {"by": "x", "result": PHONE}}
    step = RecordedStep.model_validate(
        {"at": "2021-05-11T00:00:00Z", "type": "demand.accepted", "data": {"by": "x", "history": [inner]}}
    )
    assert PHONE not in recorded_steps.masked_step(step).model_dump_json()
