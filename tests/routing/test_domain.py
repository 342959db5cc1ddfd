"""Pure decisions of routing: who answers, and what staff may do."""

from collections.abc import Callable
from datetime import timedelta
from typing import get_args

import pytest
from pydantic import ValidationError

from services.routing.cases import commands as c
from services.routing.cases.domain import decide
from services.routing.cases.policies import reaction
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve, replay
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.rights import COMMANDS as RIGHTS_OF_COMMANDS
from tests import story
from tests.packs import nanhai, shipped
from tests.spec import Spec

PACK = nanhai()
ROAD_STATION = "station-440605011001"
CHEN = Person("陈", ROAD_STATION)
COORDINATOR = Person("李", PACK.coordinator)
ROUTED = (*story.SUBMITTED, f.DemandRouted(unit=ROAD_STATION, rule="road-damage", limit=f.WorkingDays(days=10)))
ACCEPTED = (*ROUTED, f.DemandAccepted(by="陈"))
DUE = PACK.due_at(story.AT, 10)
IN_TIME = (*story.SUBMITTED, f.DemandRouted(unit=ROAD_STATION, rule="r", due_at=DUE), f.DemandAccepted(by="陈"))


def spec(by: Person) -> Spec:
    return Spec(lambda demand, command: decide(demand, command, by, PACK, story.AT))


def reacted(*new_fact: f.StatusFact, demand: Demand | None = None) -> f.Fact:
    demand = demand or story.demand(*new_fact)
    ((fact, _),) = reaction(shipped())(demand, new_fact[-1], story.AT, story.AT)
    return fact


def working_days(routed: f.DemandRouted) -> int:
    assert isinstance(routed.limit, f.WorkingDays)
    return routed.limit.days


def test_the_catalogue_routes_a_demand_with_its_due_time():
    routed = reacted(*story.SUBMITTED)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.limit_source) == (ROAD_STATION, "guangdong-2022")
    assert routed.rule == f"nanhai@{PACK.catalogue_version}:road-damage"
    assert routed.due_at == PACK.due_at(story.AT, working_days(routed))
    assert routed.team


def test_a_demand_without_a_matching_rule_goes_to_triage():
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
    routed_again = f.DemandRouted(unit="town-440605011000", rule="suggested-on-return")
    second = f.DemandReturned(by="王", reason="y", suggested_unit="nh-transport")
    routed = reacted(*ROUTED, first, routed_again, second)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule) == (PACK.coordinator, "bounced")


def test_a_return_to_an_earlier_unit_goes_to_the_coordinator():
    routed = reacted(*ROUTED, f.DemandReturned(by="陈", reason="x", suggested_unit=ROAD_STATION))
    assert isinstance(routed, f.DemandRouted)
    assert routed.unit == PACK.coordinator


def test_a_reopened_demand_goes_back_to_its_unit_with_a_new_clock():
    later = story.AT + timedelta(days=30)
    demand = evolve(story.demand(*IN_TIME, f.DemandResolved(by="陈", result="x")), f.DemandReopened(reason="y"), later)
    ((fact, at),) = reaction(shipped())(demand, f.DemandReopened(reason="y"), later, later)
    assert isinstance(fact, f.DemandRouted)
    assert (fact.unit, fact.rule, at) == (ROAD_STATION, "reopened", later)
    assert fact.due_at == PACK.due_at(later, working_days(fact))


def test_a_reopened_demand_goes_to_its_unit_up_to_the_limit_of_the_pack_and_then_to_the_coordinator():
    answered_again = (
        f.DemandRouted(unit=ROAD_STATION, rule="reopened"),
        *story.RESOLVED[2:],
        f.DemandReopened(reason="y"),
    )
    facts = (*ROUTED, *story.RESOLVED[2:], f.DemandReopened(reason="y"))
    for _ in range(PACK.max_reopenings):
        routed = reacted(*facts)
        assert isinstance(routed, f.DemandRouted)
        assert (routed.unit, routed.rule) == (ROAD_STATION, "reopened")
        facts = (*facts, *answered_again)
    routed = reacted(*facts)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule) == (PACK.coordinator, "reopened-too-often")


def test_facts_about_imported_history_have_its_own_time():
    at = story.AT + timedelta(days=3)
    step = f.RecordedStep(at=at, type="demand.routed", data={"unit": "nh-tax", "rule": "recorded"})
    submission = story.SUBMISSION.model_copy(update={"imported": True, "history": (step,)})
    reactions = reaction(shipped())(story.demand(submission), submission, story.AT, at)
    assert reactions == ((f.DemandRouted(unit="nh-tax", rule="recorded"), at),)


def test_a_unit_signs_for_its_own_demand():
    spec(CHEN).given(*ROUTED).when(c.AcceptDemand()).then(f.DemandAccepted(by="陈"))


def test_another_unit_cannot_sign_for_the_demand():
    spec(Person("王", "nh-tax")).given(*ROUTED).when(c.AcceptDemand()).then_refused(Code.FORBIDDEN)


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
def test_a_unit_that_does_not_exist_is_refused(command: c.StaffCommand):
    spec(COORDINATOR).given(*ROUTED).when(command).then_refused(Code.INVALID)


def test_a_resolved_demand_cannot_be_accepted_again():
    resolved = story.demand(*ACCEPTED, f.DemandResolved(by="陈", result="x"))
    (accepted,) = decide(resolved, c.AcceptDemand(), CHEN, PACK, story.AT)
    with pytest.raises(Refused):
        evolve(resolved, accepted, story.AT)


def test_texts_of_offices_keep_their_telephone_and_mask_a_citizens():
    note = "已致电13812345678，如有疑问请拨0757-86228888"
    spec(CHEN).given(*ACCEPTED).when(c.ProgressDemand(note=note)).then(
        f.DemandProgressed(by="陈", note="已致电［手机号］，如有疑问请拨0757-86228888")
    )
    spec(CHEN).given(*ROUTED).when(c.ReturnDemand(reason="车主粤E12345", suggested_unit="nh-police")).then(
        f.DemandReturned(by="陈", reason="车主［车牌］", suggested_unit="nh-police")
    )


def test_a_masked_text_that_became_longer_still_fits_into_the_fact():
    (returned,) = spec(CHEN).decide(
        story.demand(*ROUTED), c.ReturnDemand(reason="QQ10001，" * 125, suggested_unit="nh-police")
    )
    assert isinstance(returned, f.DemandReturned)
    assert len(returned.reason) == 1000


EXTEND = c.ExtendDemand(working_days=5, reason="需现场勘测", approved_by="李")


def test_the_coordinator_moves_a_due_time_by_working_days_with_its_approval():
    spec(COORDINATOR).given(*IN_TIME).when(EXTEND).then(
        f.DemandExtended(due_at=PACK.due_at(DUE, 5), reason="需现场勘测", approved_by="李", by="李", working_days=5)
    )


def test_a_demand_that_is_overdue_or_has_no_due_time_cannot_be_extended():
    late = Spec(lambda demand, command: decide(demand, command, COORDINATOR, PACK, DUE + timedelta(seconds=1)))
    late.given(*IN_TIME).when(EXTEND).then_refused(Code.ILLEGAL_TRANSITION)
    spec(COORDINATOR).given(*ACCEPTED).when(EXTEND).then_refused(Code.ILLEGAL_TRANSITION)


def test_a_talk_with_the_citizen_is_recorded_without_names():
    spec(CHEN).given(*ACCEPTED).when(c.ContactCitizen(note="已致电13812345678")).then(
        f.DemandContacted(by="陈", note="已致电［手机号］")
    )


@pytest.mark.parametrize("command", [EXTEND, c.ContactCitizen()])
def test_another_unit_neither_extends_nor_calls(command: c.StaffCommand):
    spec(Person("王", "nh-tax")).given(*IN_TIME).when(command).then_refused(Code.FORBIDDEN)


@pytest.mark.parametrize(
    "command_with",
    [
        lambda words: c.ReturnDemand(reason=words, suggested_unit="nh-police"),
        lambda words: c.DeclineDemand(reason="不属本区", legal_basis=words),
        lambda words: c.DeclineDemand(reason="不属本区", instead=words),
        lambda words: c.ProgressDemand(note=words),
        lambda words: c.ProgressDemand(note="已勘查", evidence=(words,)),
        lambda words: c.ResolveDemand(result=words),
        lambda words: c.ResolveDemand(result="已修复", summary=words),
    ],
)
def test_a_character_that_cannot_be_stored_is_refused(command_with: Callable[[str], c.RoutingCommand]):
    with pytest.raises(ValidationError, match=r"U\+0000"):
        command_with("已修复\0")
    assert "已修复" in command_with(" 已修复\n").model_dump_json()


def test_no_unit_grants_itself_more_time():
    spec(CHEN).given(*IN_TIME).when(EXTEND).then_refused(Code.FORBIDDEN)


def test_a_due_time_is_moved_once_and_by_no_more_than_the_limit_itself():
    extended = (*IN_TIME, f.DemandExtended(due_at=PACK.due_at(DUE, 5), reason="x", approved_by="李"))
    spec(COORDINATOR).given(*extended).when(EXTEND).then_refused(Code.ILLEGAL_TRANSITION)
    longer = EXTEND.model_copy(update={"working_days": 11})
    spec(COORDINATOR).given(*IN_TIME).when(longer).then_refused(Code.INVALID)
    as_long = EXTEND.model_copy(update={"working_days": 10})
    assert spec(COORDINATOR).decide(story.demand(*IN_TIME), as_long)


def test_a_demand_that_was_reopened_may_be_extended_again():
    reopened = (
        *IN_TIME,
        f.DemandExtended(due_at=PACK.due_at(DUE, 5), reason="x", approved_by="李"),
        f.DemandResolved(by="陈", result="x"),
        f.DemandReopened(reason="still broken"),
        f.DemandRouted(unit=ROAD_STATION, rule="reopened", due_at=DUE),
        f.DemandAccepted(by="陈"),
    )
    assert spec(COORDINATOR).decide(story.demand(*reopened), EXTEND)


BOUNCED = (
    *ROUTED,
    f.DemandReturned(by="陈", reason="x", suggested_unit="town-440605011000"),
    f.DemandRouted(unit="town-440605011000", rule="suggested-on-return", due_at=DUE),
    f.DemandReturned(by="王", reason="y"),
    f.DemandRouted(unit=PACK.coordinator, rule="bounced", due_at=DUE),
)


def test_the_coordinator_routes_a_returned_demand_and_cannot_return_it_without_a_unit():
    spec(COORDINATOR).given(*BOUNCED).when(c.ReturnDemand(reason="x", suggested_unit="nh-police")).then_refused(
        Code.ILLEGAL_TRANSITION
    )
    demand = story.demand(*BOUNCED)
    (routed,) = spec(COORDINATOR).decide(demand, c.RouteDemand(unit="nh-transport"))
    assert evolve(demand, routed, story.AT).unit == "nh-transport"


@pytest.mark.parametrize(
    "past",
    [
        ROUTED,
        ACCEPTED,
        (*ACCEPTED, f.DemandContacted(by="陈")),
        (*ACCEPTED, f.DemandListed(level="town", reason="x")),
    ],
    ids=["routed", "accepted", "in progress", "listed"],
)
@pytest.mark.parametrize(
    "command",
    [
        c.RouteDemand(unit="nh-transport"),
        c.ReturnDemand(reason="不是我们的", suggested_unit="nh-police"),
        c.DeclineDemand(reason="不属本区"),
        c.ReclassifyDemand(category="street-lighting", reason="是路灯"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_case_in_work_can_still_be_moved_returned_declined_and_corrected(
    past: tuple[f.StatusFact, ...], command: c.RoutingCommand
):
    demand = story.demand(*past)
    facts = spec(COORDINATOR).decide(demand, command)
    changes = [(fact, story.AT) for fact in facts if isinstance(fact, f.StatusFact)]
    assert replay(demand, changes).version == demand.version + len(facts)


def test_the_unit_of_a_demand_cannot_dispatch_it():
    spec(CHEN).given(*ROUTED).when(c.RouteDemand(unit="nh-tax")).then_refused(Code.FORBIDDEN)
    correction = c.ReclassifyDemand(category="street-lighting", reason="是路灯")
    spec(CHEN).given(*ROUTED).when(correction).then_refused(Code.FORBIDDEN)


def test_a_manually_dispatched_demand_has_a_due_time():
    vague = story.SUBMISSION.model_copy(update={"category": None})
    triaged = (vague, f.DemandTriaged(reason="x"))
    (routed,) = spec(COORDINATOR).decide(story.demand(*triaged), c.RouteDemand(unit="nh-tax"))
    assert isinstance(routed, f.DemandRouted)
    assert (routed.limit, routed.limit_source) == (f.WorkingDays(days=10), "guangdong-2022")
    assert routed.due_at == PACK.due_at(story.AT, 10)


def test_a_dispatcher_may_set_the_limit():
    (routed,) = spec(COORDINATOR).decide(story.demand(*IN_TIME), c.RouteDemand(unit="nh-tax", working_days=3))
    assert isinstance(routed, f.DemandRouted)
    assert (routed.limit, routed.limit_source) == (f.WorkingDays(days=3), "dispatcher")
    assert routed.due_at == PACK.due_at(story.AT, 3)


def test_another_unit_inherits_the_remaining_time():
    later = PACK.due_at(DUE, 5)
    extended = story.demand(*IN_TIME, f.DemandExtended(due_at=later, reason="x", approved_by="李"))
    (routed,) = spec(COORDINATOR).decide(extended, c.RouteDemand(unit="nh-tax"))
    assert isinstance(routed, f.DemandRouted)
    assert routed.due_at == later
    returned = evolve(extended, f.DemandReturned(by="陈", reason="x", suggested_unit="nh-tax"), story.AT)
    again = reacted(f.DemandReturned(by="陈", reason="x", suggested_unit="nh-tax"), demand=returned)
    assert isinstance(again, f.DemandRouted)
    assert again.due_at == later


def test_a_corrected_category_brings_its_own_limit():
    demand = story.demand(*IN_TIME)
    command = c.ReclassifyDemand(category="street-lighting", reason="是路灯")
    (fact,) = spec(COORDINATOR).decide(demand, command)
    assert isinstance(fact, f.DemandReclassified)
    after = evolve(demand, fact, story.AT)
    assert (after.category, after.status, after.unit) == ("street-lighting", demand.status, demand.unit)
    assert after.categories == ("road-damage", "street-lighting")
    assert after.due_at == PACK.due_at(story.AT, fact.limit_days or 0)


@pytest.mark.parametrize("category", ["no-such", "road-damage"])
def test_a_category_that_does_not_exist_or_is_the_same_corrects_nothing(category: str):
    command = c.ReclassifyDemand(category=category, reason="x")
    spec(COORDINATOR).given(*ROUTED).when(command).then_refused(Code.INVALID)


def test_a_demand_in_triage_is_routed_once_its_category_is_right():
    vague = story.SUBMISSION.model_copy(update={"category": None})
    corrected = f.DemandReclassified(category="road-damage", by="李", reason="x")
    command = c.ReclassifyDemand(category="road-damage", reason="x")
    facts = decide(story.demand(vague, f.DemandTriaged(reason="x")), command, COORDINATOR, PACK, story.AT)
    assert [type(fact) for fact in facts] == [f.DemandReclassified, f.DemandRouted]
    assert isinstance(facts[1], f.DemandRouted)
    assert facts[1].unit == ROAD_STATION
    assert reaction(shipped())(story.demand(*ROUTED, corrected), corrected, story.AT, story.AT) == ()


ASSISTED = (*story.SUBMITTED, f.DemandRouted(unit=ROAD_STATION, assisting=("nh-transport",), rule="r", due_at=DUE))
HELPER = Person("黄", "nh-transport")


def test_an_assisting_unit_may_contact_and_report_and_nothing_else():
    decisions = spec(HELPER).given(*ASSISTED, f.DemandAccepted(by="陈"))
    decisions.when(c.ProgressDemand(note="标线已重划")).then(f.DemandProgressed(by="黄", note="标线已重划"))
    decisions.when(c.ContactCitizen(note="x")).then(f.DemandContacted(by="黄", note="x"))
    for command in (
        c.AcceptDemand(),
        c.ReturnDemand(reason="x", suggested_unit="nh-police"),
        c.ResolveDemand(result="x"),
        EXTEND,
    ):
        decisions.when(command).then_refused(Code.FORBIDDEN)


def test_assisting_units_stay_when_the_lead_changes():
    returned = f.DemandReturned(by="陈", reason="x", suggested_unit="town-440605011000")
    suggested = reacted(*ASSISTED, returned)
    bounced = reacted(*ASSISTED, f.DemandReturned(by="陈", reason="x", suggested_unit=ROAD_STATION))
    (by_hand,) = spec(COORDINATOR).decide(story.demand(*ASSISTED), c.RouteDemand(unit="nh-tax"))
    for routed in (suggested, bounced, by_hand):
        assert isinstance(routed, f.DemandRouted)
        assert routed.assisting == ("nh-transport",)
    (to_helper,) = spec(COORDINATOR).decide(story.demand(*ASSISTED), c.RouteDemand(unit="nh-transport"))
    (alone,) = spec(COORDINATOR).decide(story.demand(*ASSISTED), c.RouteDemand(unit="nh-tax", assisting=()))
    assert isinstance(to_helper, f.DemandRouted)
    assert isinstance(alone, f.DemandRouted)
    assert (to_helper.assisting, alone.assisting) == ((), ())


MAY: dict[c.RoutingCommand, str] = {
    c.AcceptDemand(): "coordinator lead",
    c.ReturnDemand(reason="x", suggested_unit="nh-police"): "coordinator lead",
    c.DeclineDemand(reason="x"): "coordinator lead",
    c.ResolveDemand(result="x"): "coordinator lead",
    c.ContactCitizen(): "coordinator lead assisting",
    c.ProgressDemand(note="x"): "coordinator lead assisting",
    c.RouteDemand(unit="nh-tax"): "coordinator",
    c.ReclassifyDemand(category="street-lighting", reason="x"): "coordinator",
    EXTEND: "coordinator",
}
"""Which units may give a command, by their relation to the demand."""
STAFF = {"coordinator": COORDINATOR, "lead": CHEN, "assisting": HELPER, "another": Person("王", "nh-tax")}


@pytest.mark.parametrize("standing", STAFF)
@pytest.mark.parametrize("command", MAY, ids=lambda command: type(command).__name__)
def test_each_command_is_only_for_units_with_the_right_relation_to_the_demand(command: c.RoutingCommand, standing: str):
    demand = story.demand(*ASSISTED, f.DemandAccepted(by="陈"))
    if standing in MAY[command].split():
        assert spec(STAFF[standing]).decide(demand, command)
    else:
        with pytest.raises(Refused) as refused:
            spec(STAFF[standing]).decide(demand, command)
        assert refused.value.code is Code.FORBIDDEN


def test_every_command_is_in_the_table_of_rights():
    assert set(c.COMMANDS.values()) == set(get_args(c.RoutingCommand))
    assert set(c.COMMANDS) <= set(RIGHTS_OF_COMMANDS)


def test_the_person_who_signs_is_recorded_with_more_than_the_name():
    chen = Person("陈", ROAD_STATION, subject="issuer-7")
    spec(chen).given(*ROUTED).when(c.AcceptDemand()).then(f.DemandAccepted(by="陈", by_subject="issuer-7"))
    assigned = f.DemandAssigned(by="陈", handler="陈", handler_subject="issuer-7")
    spec(Person("陈", PACK.coordinator, subject="issuer-7")).given(*ACCEPTED).when(c.AssignDemand(handler="陈")).then(
        assigned
    )
    demand = evolve(story.demand(*ACCEPTED), assigned, story.AT)
    assert (demand.handler, demand.handler_subject) == ("陈", "issuer-7")
    away = evolve(demand, f.DemandReturned(by="陈", reason="x"), story.AT)
    assert away.handler_subject is None
