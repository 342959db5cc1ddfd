"""Pure decisions about call-backs: who is called, by whom, when, and the effect of a call on a case."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.routing.call_backs.domain import LEASE, CallBackState, Judged, first_call
from services.routing.cases import commands as c
from services.routing.cases.available import available
from services.routing.cases.domain import decide
from shared.contracts.demand import facts as f
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.relations import relations
from shared.identity.rights import Relation
from shared.jurisdiction.callback import NOBODY_CALLED, CallBack, Coverage
from shared.jurisdiction.pack import Pack
from tests import story
from tests.packs import nanhai

PACK = nanhai()
STATION, TOWN = "station-440605011001", "town-440605011000"
WITH_CONTACT = story.SUBMISSION.model_copy(update={"contact": UUID(int=7)})
ANSWERED = (
    WITH_CONTACT,
    f.DemandRouted(unit=STATION, assisting=(TOWN,), rule="r"),
    f.DemandAccepted(by="陈"),
    f.DemandResolved(by="陈", result="修好了"),
)
DEMAND = story.demand(*ANSWERED)
LIN = Person("林", PACK.coordinator, frozenset({"dispatcher"}))
WANG = Person("王", "nh-police", frozenset({"caller"}))
NOON = story.AT + timedelta(hours=2)
FREE = CallBackState(call_at=story.AT)
REACHED = {"reached": True, "rating": 4, "solved": True}


def recorded_fact(
    state: CallBackState = FREE, by: Person = LIN, demand: Any = DEMAND, pack: Pack = PACK, **fields: Any
) -> f.Fact:
    """The only fact that recording a call returns."""
    command = c.RecordCallBack.model_validate(fields)
    (fact,) = decide(demand, command, by, pack, NOON, call_back=state)
    return fact


def with_rules(**changes: Any) -> Pack:
    return PACK.model_copy(update={"callback": CallBack.model_validate({"source": "x"} | changes)})


REPORT = story.demand(WITH_CONTACT.model_copy(update={"kind": f.RequestKind.REPORT}), *ANSWERED[1:])


def test_nobody_is_called_about_a_confidential_report_and_no_caller_reads_one():
    assert first_call(DEMAND, PACK) is not None
    assert first_call(REPORT, PACK) is None
    assert Relation.TO_CALL in relations(WANG.unit, DEMAND, PACK)
    assert Relation.TO_CALL not in relations(WANG.unit, REPORT, PACK)
    with pytest.raises(Refused, match="reports"):
        recorded_fact(demand=REPORT, **REACHED)


@pytest.mark.parametrize("rules", [{"coverage": "none"}, {"coverage": "sample", "share": 1}])
def test_callers_cannot_read_cases_outside_of_the_coverage(rules: dict[str, Any]):
    assert Relation.TO_CALL not in relations(WANG.unit, DEMAND, with_rules(**rules))


@pytest.mark.parametrize("by", [LIN, WANG], ids=["the coordinator's dispatcher", "a caller of another unit"])
def test_a_verdict_by_telephone_names_who_entered_it(by: Person):
    assert recorded_fact(by=by, **REACHED, tags=["prompt"], comment="电话13812345678，很快") == f.VerdictGiven(
        judged=4,
        rating=4,
        solved=True,
        comment="电话［手机号］，很快",
        asked="call",
        entered_by=by.name,
        tags=("prompt",),
    )


def test_an_unsolved_demand_needs_no_level():
    fact = recorded_fact(reached=True, solved=False, comment="还在漏")
    assert isinstance(fact, f.VerdictGiven)
    assert (fact.rating, fact.solved) == (None, False)


@pytest.mark.parametrize("unit", [STATION, TOWN, PACK.coordinator])
def test_a_unit_does_not_call_about_its_own_work(unit: str):
    demand = story.demand(WITH_CONTACT, f.DemandRouted(unit=unit, assisting=(TOWN,), rule="r"), *ANSWERED[2:])
    by = Person("李", unit, frozenset({"dispatcher", "caller", "head"}))
    assert not {"start-call-back", "record-call-back"} & set(available(demand, by, PACK))
    with pytest.raises(Refused) as refused:
        recorded_fact(by=by, demand=demand, **REACHED)
    assert refused.value.code in (Code.FORBIDDEN, Code.ILLEGAL_TRANSITION)


@pytest.mark.parametrize("role", ["clerk", "head", "leader", "auditor", "admin"])
def test_other_staff_cannot_enter_a_verdict(role: str):
    with pytest.raises(Refused) as refused:
        recorded_fact(by=Person("李", "nh-police", frozenset({role})), **REACHED)
    assert refused.value.code is Code.FORBIDDEN


def test_a_caller_may_read_and_call_only_while_the_answer_waits_for_a_rating():
    assert {"start-call-back", "record-call-back"} <= set(available(DEMAND, WANG, PACK))
    reopened = story.demand(*ANSWERED, f.DemandReopened(reason="x"))
    assert set(available(reopened, WANG, PACK)) == set()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reached": True}, "solved"),
        ({"reached": True, "solved": True}, "rating"),
        ({"reached": True, "rating": 5, "solved": True, "tags": ["nice"]}, "tags"),
        ({"reached": False}, "not_reached"),
        ({"reached": False, "not_reached": "asleep"}, "not_reached"),
        ({"reached": False, "not_reached": "busy", "again_at": story.AT}, "again_at"),
    ],
)
def test_a_missing_or_unknown_value_is_named_with_the_allowed_ones(fields: dict[str, Any], field: str):
    with pytest.raises(Refused) as refused:
        recorded_fact(**fields)
    assert [error.field for error in refused.value.errors] == [field]
    if field in ("tags", "not_reached"):
        assert "prompt" in refused.value.en or "no-answer" in refused.value.en


def test_a_failed_call_is_repeated_on_the_next_working_day_up_to_the_allowed_attempts():
    first = recorded_fact(reached=False, not_reached="no-answer")
    assert first == f.CallBackFailed(
        by="林", unit=PACK.coordinator, judged=4, attempt=1, not_reached="no-answer",
        next_at=datetime(2021, 5, 11, 1, 0, tzinfo=UTC),
    )  # fmt: skip
    last = recorded_fact(FREE.model_copy(update={"attempts": 1}), reached=False, not_reached="switched-off")
    assert isinstance(last, f.CallBackFailed)
    assert (last.attempt, last.next_at) == (2, None)


def test_a_citizen_is_called_at_the_wished_time_but_not_after_the_demand_is_closed():
    tonight = story.AT + timedelta(hours=8)
    wished = recorded_fact(reached=False, not_reached="busy", again_at=tonight)
    assert isinstance(wished, f.CallBackFailed)
    assert wished.next_at == tonight
    late = recorded_fact(reached=False, not_reached="busy", again_at=PACK.rated_until(story.AT))
    assert isinstance(late, f.CallBackFailed)
    assert late.next_at is None


def test_a_call_that_somebody_has_taken_cannot_be_taken_by_another():
    taken = FREE.model_copy(
        update={"caller": "王", "caller_unit": "nh-police", "since": NOON, "held_until": NOON + LEASE}
    )
    for command in (c.StartCallBack(), c.RecordCallBack.model_validate(REACHED)):
        with pytest.raises(Refused, match=r"王 \(.+\) is calling this citizen since 12:00") as refused:
            decide(DEMAND, command, LIN, PACK, NOON, call_back=taken)
        assert refused.value.code is Code.CONFLICT
        assert "从 12:00 起正在回访" in (refused.value.zh or "")
        assert decide(DEMAND, command, LIN, PACK, NOON + LEASE, call_back=taken) is not None
        assert decide(DEMAND, command, WANG, PACK, NOON, call_back=taken) is not None


@pytest.mark.parametrize(
    ("judged", "en", "zh"),
    [
        (Judged(at=story.AT, asked="link"), "the citizen rated the answer by the link of a message on 2021-05-10 at",
         "群众通过短信链接已于5月10日 10:00 评价"),
        (Judged(at=story.AT, asked="call", entered_by="王"), "王 entered the citizen's rating on 2021-05-10",
         "工作人员 王 已于5月10日 10:00 评价"),
        (Judged(at=story.AT, asked="sms"), "the citizen rated the answer by a channel (sms)",
         "群众通过渠道（sms）已于5月10日"),
    ],
)  # fmt: skip
def test_a_late_entry_is_refused_and_says_who_rated_and_when(judged: Judged, en: str, zh: str):
    state = FREE.model_copy(update={"judged": judged})
    for demand in (DEMAND, story.demand(*ANSWERED, f.DemandConfirmed(rating=5, solved=True))):
        for by in (LIN, WANG):
            with pytest.raises(Refused) as refused:
                recorded_fact(state, by, demand, **REACHED)
            assert (en in refused.value.en, zh in (refused.value.zh or "")) == (True, True)


def test_without_call_backs_in_the_pack_nothing_can_be_recorded():
    with pytest.raises(Refused, match="does not call citizens back"):
        recorded_fact(pack=with_rules(coverage="none"), **REACHED)


def test_all_are_called_from_the_answer_until_the_end_of_the_next_working_day():
    assert first_call(DEMAND, PACK) == (story.AT, datetime(2021, 5, 11, 15, 59, 59, tzinfo=UTC))


def test_citizens_who_do_not_rate_are_called_after_some_days():
    rules = with_rules(coverage="unanswered", after_days=3)
    assert first_call(DEMAND, rules) == (
        story.AT + timedelta(days=3), datetime(2021, 5, 14, 15, 59, 59, tzinfo=UTC)
    )  # fmt: skip


def test_a_sample_has_about_its_share_and_is_always_the_same():
    rules = with_rules(coverage="sample", share=20)
    ids = [UUID(int=(n * 2654435761) % 2**64) for n in range(5000)]
    called = [first_call(story.demand(*ANSWERED, id=id), rules) is not None for id in ids]
    assert 900 < sum(called) < 1100
    assert called == [first_call(story.demand(*ANSWERED, id=id), rules) is not None for id in ids]


@pytest.mark.parametrize(
    "past",
    [
        (story.SUBMISSION, *ANSWERED[1:]),
        (WITH_CONTACT.model_copy(update={"imported": True}), *ANSWERED[1:]),
        ANSWERED[:-1],
    ],
    ids=["without a contact", "recorded elsewhere", "without an answer"],
)
def test_with_coverage_none_nobody_is_called(past: tuple[f.StatusFact, ...]):
    assert first_call(story.demand(*past), PACK) is None


def test_a_pack_without_call_back_rules_calls_nobody_and_has_the_default_tags():
    assert NOBODY_CALLED.coverage is Coverage.NONE
    assert first_call(DEMAND, PACK.model_copy(update={"callback": NOBODY_CALLED})) is None
    NOBODY_CALLED.require_tags(["prompt", "slow"])
