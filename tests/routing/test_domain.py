"""Who answers, and what staff may say."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.routing import commands as c
from services.routing.domain import Staff, decide
from services.routing.policies import reaction
from shared.contracts import facts as f
from shared.contracts.demand import Demand
from shared.contracts.lifecycle import evolve
from shared.contracts.refusals import Code, Refused
from tests import story
from tests.packs import nanhai, shipped
from tests.spec import Spec

PACK = nanhai()
ROAD_STATION = "station-440605011001"
CHEN = Staff("陈", ROAD_STATION)
COORDINATOR = Staff("李", PACK.coordinator)
ROUTED = (*story.SUBMITTED, f.DemandRouted(unit=ROAD_STATION, rule="road-damage", limit_days=10))
ACCEPTED = (*ROUTED, f.DemandAccepted(by="陈"))


def spec(by: Staff) -> Spec:
    return Spec(lambda demand, command: decide(demand, command, by, PACK, story.AT))


def reacted(*told: f.StatusFact, demand: Demand | None = None) -> f.Fact:
    demand = demand or story.demand(*told)
    ((fact, _),) = reaction(shipped())(demand, told[-1], story.AT, story.AT)
    return fact


def test_the_catalogue_routes_a_demand_with_its_due_time():
    routed = reacted(*story.SUBMITTED)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule, routed.limit_source) == (ROAD_STATION, "road-damage", "guangdong-2022")
    assert routed.due_at == PACK.due_at(story.AT, routed.limit_days or 0)
    assert routed.team


def test_what_no_rule_decides_goes_to_triage():
    triaged = reacted(story.SUBMISSION.model_copy(update={"category": None}))
    assert isinstance(triaged, f.DemandTriaged)
    assert "no-category" in triaged.reason


def test_a_returned_demand_goes_to_the_unit_that_was_suggested():
    returned = f.DemandReturned(by="陈", reason="不是我们的", suggested_unit="town-440605011000")
    routed = reacted(*ROUTED, returned)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule) == ("town-440605011000", "suggested-on-return")


def test_a_return_without_a_suggestion_goes_to_triage():
    assert isinstance(reacted(*ROUTED, f.DemandReturned(by="陈", reason="x")), f.DemandTriaged)


def test_the_second_return_goes_to_the_coordinator():
    first = f.DemandReturned(by="陈", reason="x", suggested_unit="town-440605011000")
    again = f.DemandRouted(unit="town-440605011000", rule="suggested-on-return")
    second = f.DemandReturned(by="王", reason="y", suggested_unit="nh-transport")
    routed = reacted(*ROUTED, first, again, second)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule) == (PACK.coordinator, "bounced")


def test_a_return_to_whoever_had_it_goes_to_the_coordinator():
    routed = reacted(*ROUTED, f.DemandReturned(by="陈", reason="x", suggested_unit=ROAD_STATION))
    assert isinstance(routed, f.DemandRouted)
    assert routed.unit == PACK.coordinator


def test_a_reopened_demand_goes_back_to_its_unit_with_a_new_clock():
    later = story.AT + timedelta(days=30)
    demand = evolve(story.demand(*ACCEPTED, f.DemandResolved(by="陈", result="x")), f.DemandReopened(reason="y"), later)
    ((fact, at),) = reaction(shipped())(demand, f.DemandReopened(reason="y"), later, later)
    assert isinstance(fact, f.DemandRouted)
    assert (fact.unit, fact.rule, at) == (ROAD_STATION, "reopened", later)
    assert fact.due_at == PACK.due_at(later, fact.limit_days or 0)


def test_recorded_history_is_told_with_its_own_time():
    at = story.AT + timedelta(days=3)
    step = f.RecordedStep(at=at, type="demand.routed", data={"unit": "nh-tax", "rule": "recorded"})
    submission = story.SUBMISSION.model_copy(update={"imported": True, "history": (step,)})
    told = reaction(shipped())(story.demand(submission), submission, story.AT, at)
    assert told == ((f.DemandRouted(unit="nh-tax", rule="recorded"), at),)


def test_a_unit_signs_for_its_own_demand():
    spec(CHEN).given(*ROUTED).when(c.AcceptDemand()).then(f.DemandAccepted(by="陈"))


def test_another_unit_cannot_sign_for_it():
    spec(Staff("王", "nh-tax")).given(*ROUTED).when(c.AcceptDemand()).then_refused(Code.FORBIDDEN)


def test_the_coordinator_may_act_for_every_unit():
    spec(COORDINATOR).given(*ACCEPTED).when(c.ResolveDemand(result="修好了")).then(
        f.DemandResolved(by="李", result="修好了")
    )


def test_only_the_coordinator_dispatches():
    triaged = (*story.SUBMITTED, f.DemandTriaged(reason="x"))
    spec(CHEN).given(*triaged).when(c.RouteDemand(unit="nh-tax")).then_refused(Code.FORBIDDEN)
    (routed,) = spec(COORDINATOR).decide(story.demand(*triaged), c.RouteDemand(unit="nh-tax"))
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule) == ("nh-tax", "dispatcher:李")


@pytest.mark.parametrize(
    "command", [c.RouteDemand(unit="no-such"), c.ReturnDemand(reason="x", suggested_unit="no-such")]
)
def test_a_unit_that_does_not_exist_is_refused(command: c.Command):
    spec(COORDINATOR).given(*ROUTED).when(command).then_refused(Code.INVALID)


def test_a_resolved_demand_cannot_be_accepted_again():
    resolved = story.demand(*ACCEPTED, f.DemandResolved(by="陈", result="x"))
    (accepted,) = decide(resolved, c.AcceptDemand(), CHEN, PACK, story.AT)
    with pytest.raises(Refused):
        evolve(resolved, accepted, story.AT)


def test_what_an_office_writes_keeps_its_own_telephone_and_no_citizens():
    note = "已致电13812345678，如有疑问请拨0757-86228888"
    spec(CHEN).given(*ACCEPTED).when(c.ProgressDemand(note=note)).then(
        f.DemandProgressed(by="陈", note="已致电［手机号］，如有疑问请拨0757-86228888")
    )
    spec(CHEN).given(*ROUTED).when(c.ReturnDemand(reason="车主粤E12345")).then(
        f.DemandReturned(by="陈", reason="车主［车牌］")
    )


def test_a_mask_that_is_longer_than_what_it_hides_still_fits_into_the_fact():
    (returned,) = spec(CHEN).decide(story.demand(*ROUTED), c.ReturnDemand(reason="QQ10001，" * 125))
    assert isinstance(returned, f.DemandReturned)
    assert len(returned.reason) == 1000


DUE = PACK.due_at(story.AT, 10)
IN_TIME = (*story.SUBMITTED, f.DemandRouted(unit=ROAD_STATION, rule="r", due_at=DUE), f.DemandAccepted(by="陈"))
EXTEND = c.ExtendDemand(working_days=5, reason="需现场勘测", approved_by="李")


def test_a_due_time_is_moved_by_working_days_with_its_approval():
    spec(CHEN).given(*IN_TIME).when(EXTEND).then(
        f.DemandExtended(due_at=PACK.due_at(DUE, 5), reason="需现场勘测", approved_by="李")
    )


def test_what_is_overdue_or_has_no_due_time_is_not_extended():
    late = Spec(lambda demand, command: decide(demand, command, CHEN, PACK, DUE + timedelta(seconds=1)))
    late.given(*IN_TIME).when(EXTEND).then_refused(Code.ILLEGAL_TRANSITION)
    spec(CHEN).given(*ACCEPTED).when(EXTEND).then_refused(Code.ILLEGAL_TRANSITION)


def test_a_talk_with_the_citizen_is_told_without_naming_anybody():
    spec(CHEN).given(*ACCEPTED).when(c.ContactCitizen(note="已致电13812345678")).then(
        f.DemandContacted(by="陈", note="已致电［手机号］")
    )


@pytest.mark.parametrize("command", [EXTEND, c.ContactCitizen()])
def test_another_unit_neither_extends_nor_calls(command: c.Command):
    spec(Staff("王", "nh-tax")).given(*IN_TIME).when(command).then_refused(Code.FORBIDDEN)


@pytest.mark.parametrize(
    "said",
    [
        lambda words: c.ReturnDemand(reason=words),
        lambda words: c.DeclineDemand(reason="不属本区", legal_basis=words),
        lambda words: c.DeclineDemand(reason="不属本区", instead=words),
        lambda words: c.ProgressDemand(note=words),
        lambda words: c.ProgressDemand(note="已勘查", evidence=(words,)),
        lambda words: c.ResolveDemand(result=words),
        lambda words: c.ResolveDemand(result="已修复", summary=words),
    ],
)
def test_staff_are_told_of_a_character_that_no_database_keeps(said: Callable[[str], c.RoutingCommand]):
    with pytest.raises(ValidationError, match=r"U\+0000"):
        said("已修复\0")
    assert "已修复" in said(" 已修复\n").model_dump_json()
