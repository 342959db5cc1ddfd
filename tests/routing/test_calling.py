"""Who is called back, by whom, when, and what a call makes of a case: decided without a database."""

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


def said(
    state: CallBackState = FREE, by: Person = LIN, demand: Any = DEMAND, pack: Pack = PACK, **fields: Any
) -> f.Fact:
    """The one fact that a record of a call becomes."""
    command = c.RecordCallBack.model_validate(fields)
    (fact,) = decide(demand, command, by, pack, NOON, call_back=state)
    return fact


def with_rules(**changes: Any) -> Pack:
    return PACK.model_copy(update={"callback": CallBack.model_validate({"source": "x"} | changes)})


REPORT = story.demand(WITH_CONTACT.model_copy(update={"kind": f.RequestKind.REPORT}), *ANSWERED[1:])


def test_nobody_is_called_about_a_report_and_no_caller_reads_one():
    assert first_call(DEMAND, PACK) is not None
    assert first_call(REPORT, PACK) is None
    assert Relation.TO_CALL in relations(WANG.unit, DEMAND, PACK)
    assert Relation.TO_CALL not in relations(WANG.unit, REPORT, PACK)
    with pytest.raises(Refused, match="reports"):
        said(demand=REPORT, **REACHED)


@pytest.mark.parametrize("rules", [{"coverage": "none"}, {"coverage": "sample", "share": 1}])
def test_callers_read_no_case_that_the_coverage_leaves_out(rules: dict[str, Any]):
    assert Relation.TO_CALL not in relations(WANG.unit, DEMAND, with_rules(**rules))


@pytest.mark.parametrize("by", [LIN, WANG], ids=["the coordinator's dispatcher", "a caller of another unit"])
def test_what_a_citizen_says_on_the_telephone_is_their_verdict_marked_with_who_entered_it(by: Person):
    assert said(by=by, **REACHED, tags=["prompt"], comment="电话13812345678，很快") == f.VerdictGiven(
        judged=4,
        rating=4,
        solved=True,
        comment="电话［手机号］，很快",
        asked="call",
        entered_by=by.name,
        tags=("prompt",),
    )


def test_what_is_not_solved_needs_no_level():
    fact = said(reached=True, solved=False, comment="还在漏")
    assert isinstance(fact, f.VerdictGiven)
    assert (fact.rating, fact.solved) == (None, False)


@pytest.mark.parametrize("unit", [STATION, TOWN, PACK.coordinator])
def test_no_unit_asks_about_its_own_work(unit: str):
    demand = story.demand(WITH_CONTACT, f.DemandRouted(unit=unit, assisting=(TOWN,), rule="r"), *ANSWERED[2:])
    by = Person("李", unit, frozenset({"dispatcher", "caller", "head"}))
    assert not {"start-call-back", "record-call-back"} & set(available(demand, by, PACK))
    with pytest.raises(Refused) as refused:
        said(by=by, demand=demand, **REACHED)
    assert refused.value.code in (Code.FORBIDDEN, Code.ILLEGAL_TRANSITION)


@pytest.mark.parametrize("role", ["clerk", "head", "leader", "auditor", "admin"])
def test_others_do_not_enter_a_citizens_verdict(role: str):
    with pytest.raises(Refused) as refused:
        said(by=Person("李", "nh-police", frozenset({role})), **REACHED)
    assert refused.value.code is Code.FORBIDDEN


def test_a_caller_may_read_and_call_while_the_answer_waits_and_no_longer():
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
def test_what_is_missing_or_unknown_is_named_with_what_may_stand_there(fields: dict[str, Any], field: str):
    with pytest.raises(Refused) as refused:
        said(**fields)
    assert [error.field for error in refused.value.errors] == [field]
    if field in ("tags", "not_reached"):
        assert "prompt" in refused.value.en or "no-answer" in refused.value.en


def test_a_call_in_vain_is_made_again_on_the_next_working_day_until_the_tries_are_over():
    first = said(reached=False, not_reached="no-answer")
    assert first == f.CallBackFailed(
        by="林", unit=PACK.coordinator, judged=4, attempt=1, not_reached="no-answer",
        next_at=datetime(2021, 5, 11, 1, 0, tzinfo=UTC),
    )  # fmt: skip
    last = said(FREE.model_copy(update={"attempts": 1}), reached=False, not_reached="switched-off")
    assert isinstance(last, f.CallBackFailed)
    assert (last.attempt, last.next_at) == (2, None)


def test_a_citizen_is_called_when_they_wish_but_not_after_the_demand_is_closed():
    tonight = story.AT + timedelta(hours=8)
    wished = said(reached=False, not_reached="busy", again_at=tonight)
    assert isinstance(wished, f.CallBackFailed)
    assert wished.next_at == tonight
    late = said(reached=False, not_reached="busy", again_at=PACK.rated_until(story.AT))
    assert isinstance(late, f.CallBackFailed)
    assert late.next_at is None


def test_while_somebody_calls_nobody_else_does():
    taken = FREE.model_copy(
        update={"caller": "王", "caller_unit": "nh-police", "since": NOON, "held_until": NOON + LEASE}
    )
    for command in (c.StartCallBack(), c.RecordCallBack.model_validate(REACHED)):
        with pytest.raises(Refused, match=r"王 \(.+\) has been calling this citizen since 12:00") as refused:
            decide(DEMAND, command, LIN, PACK, NOON, call_back=taken)
        assert refused.value.code is Code.CONFLICT
        assert "从 12:00 起正在回访" in (refused.value.zh or "")
        assert decide(DEMAND, command, LIN, PACK, NOON + LEASE, call_back=taken) is not None
        assert decide(DEMAND, command, WANG, PACK, NOON, call_back=taken) is not None


@pytest.mark.parametrize(
    ("judged", "en", "zh"),
    [
        (Judged(at=story.AT, asked="link"), "the citizen judged the answer by the link of a message on 2021-05-10 at",
         "群众通过短信链接已于5月10日 10:00 评价"),
        (Judged(at=story.AT, asked="call", entered_by="王"), "王 entered the citizen's verdict on 2021-05-10",
         "工作人员 王 已于5月10日 10:00 评价"),
        (Judged(at=story.AT, asked="sms"), "the citizen judged the answer by a channel (sms)",
         "群众通过渠道（sms）已于5月10日"),
    ],
)  # fmt: skip
def test_a_late_entry_is_refused_with_who_judged_and_when(judged: Judged, en: str, zh: str):
    state = FREE.model_copy(update={"judged": judged})
    for demand in (DEMAND, story.demand(*ANSWERED, f.DemandConfirmed(rating=5, solved=True))):
        for by in (LIN, WANG):
            with pytest.raises(Refused) as refused:
                said(state, by, demand, **REACHED)
            assert (en in refused.value.en, zh in (refused.value.zh or "")) == (True, True)


def test_where_nobody_is_called_back_there_is_nothing_to_record():
    with pytest.raises(Refused, match="does not call citizens back"):
        said(pack=with_rules(coverage="none"), **REACHED)


def test_all_are_called_from_the_answer_until_the_end_of_the_next_working_day():
    assert first_call(DEMAND, PACK) == (story.AT, datetime(2021, 5, 11, 15, 59, 59, tzinfo=UTC))


def test_those_who_do_not_answer_are_called_after_some_days():
    rules = with_rules(coverage="unanswered", after_days=3)
    assert first_call(DEMAND, rules) == (
        story.AT + timedelta(days=3), datetime(2021, 5, 14, 15, 59, 59, tzinfo=UTC)
    )  # fmt: skip


def test_a_sample_is_about_its_share_and_the_same_each_time():
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
def test_nobody_is_called(past: tuple[f.StatusFact, ...]):
    assert first_call(story.demand(*past), PACK) is None


def test_a_pack_without_rules_for_it_calls_nobody_and_takes_the_usual_tags():
    assert NOBODY_CALLED.coverage is Coverage.NONE
    assert first_call(DEMAND, PACK.model_copy(update={"callback": NOBODY_CALLED})) is None
    NOBODY_CALLED.require_tags(["prompt", "slow"])
