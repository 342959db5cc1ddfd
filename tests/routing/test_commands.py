"""The effect of each command on a case: extensions, pauses, assistance, transfers, merges."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from services.routing.cases import commands as c
from services.routing.cases.available import available
from services.routing.cases.domain import decide
from services.routing.cases.parsing import command_of
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve
from shared.contracts.demand.state import Demand, Status
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.jurisdiction.limits import Limit
from tests import story
from tests.packs import nanhai

PACK = nanhai()
STATION, TOWN = "station-440605011001", "town-440605011000"
CLERK = Person("陈", STATION, frozenset({"clerk"}))
HEAD = Person("黄", STATION, frozenset({"head"}))
TOWN_HEAD = Person("何", TOWN, frozenset({"head"}))
HELPER = Person("王", "nh-transport", frozenset({"clerk"}))
DISPATCHER = Person("李", PACK.coordinator, frozenset({"dispatcher"}))
DUE = PACK.due_at(story.AT, 10)
ROUTED = (*story.SUBMITTED, f.DemandRouted(unit=STATION, rule="r", due_at=DUE))
ACCEPTED = (*ROUTED, f.DemandAccepted(by="陈"))


def after(demand: Demand, *commands: c.RoutingCommand, by: Person, at=story.AT, parent=None) -> Demand:
    """The case after these commands, one after another."""
    for command in commands:
        for fact in decide(demand, command, by, PACK, at, parent):
            if isinstance(fact, f.StatusFact):
                demand = evolve(demand, fact, at)
    return demand


def refusal(demand: Demand, command: c.RoutingCommand, by: Person, at=story.AT, parent=None) -> Refused:
    with pytest.raises(Refused) as refused:
        decide(demand, command, by, PACK, at, parent)
    assert refused.value.zh
    return refused.value


ASK = c.RequestExtension(working_days=5, reason="需现场勘测")


def test_an_extension_is_requested_by_the_unit_and_granted_by_the_head_of_the_unit_above():
    demand = after(story.demand(*ACCEPTED), ASK, by=CLERK)
    assert demand.extension is not None
    assert (demand.extension.decider, demand.due_at) == (TOWN, DUE)
    assert refusal(demand, c.GrantExtension(), HEAD).code is Code.FORBIDDEN
    granted = after(demand, c.GrantExtension(), by=TOWN_HEAD)
    assert (granted.due_at, granted.extensions, granted.extension) == (PACK.due_at(DUE, 5), 1, None)
    assert refusal(granted, ASK, CLERK).code is Code.ILLEGAL_TRANSITION


def test_fewer_days_may_be_granted_and_no_more():
    demand = after(story.demand(*ACCEPTED), ASK, by=CLERK)
    assert after(demand, c.GrantExtension(working_days=2), by=TOWN_HEAD).due_at == PACK.due_at(DUE, 2)
    assert refusal(demand, c.GrantExtension(working_days=6), TOWN_HEAD).code is Code.INVALID


def test_a_refused_extension_keeps_the_due_time_and_may_be_requested_again():
    refused = after(story.demand(*ACCEPTED), ASK, c.GrantExtension(), by=DISPATCHER)
    assert refused.extensions == 1
    refused = after(after(story.demand(*ACCEPTED), ASK, by=CLERK), c.RefuseExtension(reason="可按期"), by=TOWN_HEAD)
    assert (refused.due_at, refused.extension, refused.extensions) == (DUE, None, 0)
    assert after(refused, ASK, by=CLERK).extension is not None


@pytest.mark.parametrize("command", [c.GrantExtension(), c.RefuseExtension(reason="x")])
def test_an_extension_that_was_not_requested_cannot_be_decided(command: c.RoutingCommand):
    assert refusal(story.demand(*ACCEPTED), command, TOWN_HEAD).code is Code.ILLEGAL_TRANSITION


def test_only_one_extension_may_be_requested_at_a_time_and_before_the_due_time():
    demand = after(story.demand(*ACCEPTED), ASK, by=CLERK)
    assert refusal(demand, ASK, CLERK).code is Code.ILLEGAL_TRANSITION
    late = DUE + timedelta(seconds=1)
    assert refusal(story.demand(*ACCEPTED), ASK, CLERK, late).code is Code.ILLEGAL_TRANSITION


PAUSE = c.PauseDemand(reason="waiting-for-citizen", note="请补充材料", days=5)


def test_a_pause_stops_the_clock_and_moves_due_times_by_its_length():
    paused = after(story.demand(*ACCEPTED), PAUSE, by=CLERK)
    assert (paused.paused_at, paused.paused_until) == (story.AT, story.AT + timedelta(days=5))
    assert refusal(paused, PAUSE, CLERK).code is Code.ILLEGAL_TRANSITION
    assert refusal(paused, ASK, CLERK).code is Code.ILLEGAL_TRANSITION
    later = story.AT + timedelta(days=7)
    resumed = after(paused, c.ResumeDemand(), by=CLERK, at=later)
    assert (resumed.paused_at, resumed.due_at) == (None, PACK.resumed_due(DUE, story.AT, later))
    assert resumed.due_at > DUE
    assert refusal(resumed, c.ResumeDemand(), CLERK).code is Code.ILLEGAL_TRANSITION


def test_a_pause_has_a_listed_reason_and_its_maximum_length():
    accepted = story.demand(*ACCEPTED)
    assert refusal(accepted, c.PauseDemand(reason="lunch"), CLERK).code is Code.INVALID
    assert refusal(accepted, c.PauseDemand(reason="waiting-for-citizen", days=300), CLERK).code is Code.INVALID


def test_a_unit_cannot_pause_for_a_reason_that_needs_approval():
    funds = c.PauseDemand(reason="funds")
    assert refusal(story.demand(*ACCEPTED), funds, CLERK).code is Code.INVALID
    assert after(story.demand(*ACCEPTED), funds, by=DISPATCHER).pause_reason == "funds"


@pytest.mark.parametrize(
    ("command", "by"),
    [
        (c.TransferDemand(unit="nh-education", reason="校内道路"), CLERK),
        (c.ReturnDemand(reason="校内道路", suggested_unit="nh-education"), DISPATCHER),
        (c.MoveUpDemand(reason="跨村"), CLERK),
        (c.RouteDemand(unit="nh-education"), DISPATCHER),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_unit_that_gets_a_paused_case_has_the_remaining_time(command: c.RoutingCommand, by: Person):
    paused = after(story.demand(*ACCEPTED), PAUSE, by=CLERK)
    later = story.AT + timedelta(days=4)
    moved = after(paused, command, by=by, at=later)
    assert (moved.paused_at, moved.due_at) == (None, PACK.resumed_due(DUE, story.AT, later))


def test_an_answer_ends_a_pause():
    paused = after(story.demand(*ACCEPTED), c.ContactCitizen(), PAUSE, by=CLERK)
    assert after(paused, c.ResolveDemand(result="修好了"), by=CLERK).paused_at is None


def test_the_clock_of_a_listed_case_is_stopped_until_work_goes_on():
    demand = after(story.demand(*ACCEPTED), c.ListDemand(level="town", reason="列入清单"), by=HEAD)
    assert (demand.status, demand.paused_at) == (Status.LISTED, story.AT)
    later = story.AT + timedelta(days=30)
    at_work = after(demand, c.ProgressDemand(note="开工"), by=CLERK, at=later)
    assert (at_work.status, at_work.paused_at) == (Status.IN_PROGRESS, None)
    assert at_work.due_at == PACK.resumed_due(DUE, story.AT, later)
    unknown = c.ListDemand(level="galaxy", reason="x")
    assert refusal(story.demand(*ACCEPTED), unknown, HEAD).code is Code.INVALID


HELP = c.RequestAssistance(units=("nh-transport",), reason="道路权属")


def test_an_assisting_unit_signs_for_its_part_and_reports_to_the_lead():
    demand = after(story.demand(*ACCEPTED), HELP, by=CLERK)
    assert demand.assisting == ("nh-transport",)
    assert refusal(demand, HELP, CLERK).code is Code.INVALID
    signed = after(demand, c.AcceptAssistance(), by=HELPER)
    assert refusal(signed, c.AcceptAssistance(), HELPER).code is Code.ILLEGAL_TRANSITION
    reported = after(signed, c.ReportAssistance(note="属村道"), by=HELPER)
    (part,) = reported.assistance
    assert (part.unit, part.by, part.accepted_at, part.reported_at) == ("nh-transport", "王", story.AT, story.AT)
    assert reported.unit == STATION
    assert after(reported, c.EndAssistance(unit="nh-transport", reason="已查明"), by=CLERK).assisting == ()


def test_only_assisting_units_can_report_and_be_released():
    accepted = story.demand(*ACCEPTED)
    assert refusal(accepted, c.ReportAssistance(note="x"), DISPATCHER).code is Code.ILLEGAL_TRANSITION
    assert refusal(accepted, c.EndAssistance(unit="nh-tax", reason="x"), CLERK).code is Code.INVALID
    request_assistance = c.RequestAssistance(units=(STATION,), reason="x")
    assert refusal(accepted, request_assistance, CLERK).code is Code.INVALID


def test_a_transfer_gives_the_case_to_another_unit_and_keeps_its_due_time():
    moved = after(story.demand(*ACCEPTED), c.TransferDemand(unit="nh-education", reason="校内道路"), by=CLERK)
    assert (moved.unit, moved.status, moved.due_at, moved.handler) == ("nh-education", Status.ROUTED, DUE, None)
    transfer_back = c.TransferDemand(unit=STATION, reason="x")
    assert refusal(moved, transfer_back, Person("周", "nh-education")).code is Code.INVALID


def test_a_case_is_moved_up_to_the_unit_above_while_the_one_below_goes_on_helping():
    command = c.MoveUpDemand(reason="涉及两个社区")
    facts = decide(story.demand(*ACCEPTED), command, CLERK, PACK, story.AT)
    assert [type(fact) for fact in facts] == [f.DemandRouted, f.DemandEscalated]
    moved = after(story.demand(*ACCEPTED), command, by=CLERK)
    assert (moved.unit, moved.assisting) == (TOWN, (STATION,))
    top = (*story.SUBMITTED, f.DemandRouted(unit=PACK.coordinator, rule="bounced", due_at=DUE))
    assert refusal(story.demand(*top), command, DISPATCHER).code is Code.ILLEGAL_TRANSITION


def test_a_case_cannot_be_returned_to_the_unit_that_has_it():
    assert refusal(story.demand(*ROUTED), c.ReturnDemand(reason="x", suggested_unit=STATION), CLERK).errors


def test_a_case_can_be_returned_only_within_the_time_of_the_pack():
    returning = PACK.handling.returning.model_copy(update={"window": Limit(working_days=1)})
    handling = PACK.handling.model_copy(update={"returning": returning})
    pack = PACK.model_copy(update={"handling": handling})
    command = c.ReturnDemand(reason="x", suggested_unit="nh-tax")
    end = pack.end_of(Limit(working_days=1), story.AT)
    assert decide(story.demand(*ROUTED), command, CLERK, pack, end)
    with pytest.raises(Refused) as refused:
        decide(story.demand(*ROUTED), command, CLERK, pack, end + timedelta(seconds=1))
    assert refused.value.code is Code.ILLEGAL_TRANSITION
    assert decide(story.demand(*ROUTED), command, DISPATCHER, pack, end + timedelta(days=9))


def test_the_person_who_signs_handles_the_case_until_the_head_assigns_another():
    accepted = after(story.demand(*ROUTED), c.AcceptDemand(), by=CLERK)
    assert accepted.handler == "陈"
    assert refusal(accepted, c.AssignDemand(handler="黄"), CLERK).code is Code.FORBIDDEN
    assert after(accepted, c.AssignDemand(handler="黄"), by=HEAD).handler == "黄"


def test_notes_and_evidence_name_their_unit_and_no_citizen():
    accepted = story.demand(*ACCEPTED)
    (note,) = decide(accepted, c.WriteNote(text="业主 13812345678 在家"), CLERK, PACK, story.AT)
    assert note == f.DemandNoted(by="陈", unit=STATION, text="业主 ［手机号］ 在家")
    (evidence,) = decide(accepted, c.AttachEvidence(evidence=("合同12号",)), CLERK, PACK, story.AT)
    assert evidence == f.EvidenceAttached(by="陈", unit=STATION, evidence=("合同12号",))
    assert refusal(accepted, c.AttachEvidence(note="x"), CLERK).code is Code.INVALID


def test_an_invalid_choice_is_refused_with_its_field():
    with pytest.raises(Refused) as refused:
        command_of("attach", {"note": "x", "kind": "weather"})
    assert [error.field for error in refused.value.errors] == ["kind"]


def test_urgency_is_raised_by_a_clerk_and_lowered_by_those_above():
    command = c.PrioritizeDemand(urgency=f.Urgency.URGENT, reason="老人")
    urgent = after(story.demand(*ACCEPTED), command, by=CLERK)
    assert urgent.urgency is f.Urgency.URGENT
    assert refusal(urgent, command, DISPATCHER).code is Code.INVALID
    lower = c.PrioritizeDemand(urgency=f.Urgency.ORDINARY, reason="已转移")
    assert refusal(urgent, lower, CLERK).code is Code.ILLEGAL_TRANSITION
    assert after(urgent, lower, by=DISPATCHER).urgency is f.Urgency.ORDINARY


PARENT = story.demand(*ACCEPTED).model_copy(update={"id": story.demand(*ACCEPTED).id.__class__(int=7), "number": "P"})
MERGE = c.MergeDemand(into=story.SUBMISSION.number, reason="同一路段")


def test_a_case_is_merged_into_another_open_one_and_unmerged_again():
    merged = after(story.demand(*ACCEPTED), MERGE, by=CLERK, parent=PARENT)
    assert (merged.status, merged.parent, merged.parent_number) == (Status.MERGED, PARENT.id, "P")
    alone = after(merged, c.UnmergeDemand(reason="不是"), by=CLERK)
    assert (alone.status, alone.unit, alone.parent, alone.due_at) == (Status.ROUTED, STATION, None, DUE)


@pytest.mark.parametrize(
    ("parent", "word"),
    [
        (None, "there is no demand"),
        (story.demand(*ACCEPTED), "itself"),
        (PARENT.model_copy(update={"jurisdiction": "elsewhere"}), "another jurisdiction"),
        (PARENT.model_copy(update={"parent": PARENT.id, "parent_number": "Q"}), "merge into that one"),
        (PARENT.model_copy(update={"status": Status.RESOLVED}), "already answered"),
    ],
)
def test_a_case_can_be_merged_only_into_an_open_one(parent: Demand | None, word: str):
    assert word in refusal(story.demand(*ACCEPTED), MERGE, CLERK, parent=parent).en


def test_an_unmerged_case_that_never_had_a_unit_waits_for_a_dispatcher():
    merged = story.demand(*story.SUBMITTED, f.DemandMerged(parent=PARENT.id, parent_number="P"))
    assert after(merged, c.UnmergeDemand(reason="x"), by=DISPATCHER).status is Status.TRIAGE


def names(demand: Demand, by: Person) -> Sequence[str]:
    return available(demand, by, PACK)


def test_only_commands_that_a_person_may_give_now_are_available():
    routed, accepted = story.demand(*ROUTED), story.demand(*ACCEPTED)
    assert "accept" in names(routed, CLERK)
    assert not {"progress", "resolve", "pause", "resume", "grant-extension", "route"} & set(names(routed, CLERK))
    assert {"progress", "resolve", "pause", "request-extension"} <= set(names(accepted, CLERK))
    assert "accept" not in names(accepted, CLERK)
    demand = after(accepted, ASK, by=CLERK)
    assert "request-extension" not in names(demand, CLERK)
    assert {"grant-extension", "refuse-extension"} <= set(names(demand, TOWN_HEAD))
    assert names(accepted, Person("x", "nh-tax")) == ()
    closed = story.demand(*ACCEPTED, f.DemandResolved(by="陈", result="x"))
    assert names(closed, CLERK) == ()


@pytest.mark.parametrize("by", [CLERK, HEAD, TOWN_HEAD, DISPATCHER])
@pytest.mark.parametrize("facts", [ROUTED, ACCEPTED, (*ACCEPTED, f.DemandContacted(by="陈"))])
def test_an_available_command_is_not_refused_for_its_person_or_the_status(facts: tuple[f.StatusFact, ...], by: Person):
    samples = {type(command): command for command in SAMPLES}
    demand = story.demand(*facts)
    for name in names(demand, by):
        parent = PARENT if name == "merge" else None
        assert after(demand, samples[c.COMMANDS[name]], by=by, parent=parent)


SAMPLES: tuple[c.RoutingCommand, ...] = (
    c.AcceptDemand(), c.AssignDemand(handler="周"), c.ReturnDemand(reason="x", suggested_unit="nh-tax"),
    c.TransferDemand(unit="nh-tax", reason="x"), c.MoveUpDemand(reason="x"), c.DeclineDemand(reason="x"),
    c.ContactCitizen(), c.ProgressDemand(note="x"), c.WriteNote(text="x"), c.AttachEvidence(evidence=("x",)),
    c.ListDemand(level="town", reason="x"), c.ResolveDemand(result="x", not_contacted="x"), ASK, c.GrantExtension(),
    c.RefuseExtension(reason="x"), c.ExtendDemand(working_days=1, reason="x", approved_by="x"), PAUSE,
    c.ResumeDemand(), HELP, c.AcceptAssistance(), c.ReportAssistance(note="x"),
    c.EndAssistance(unit="nh-transport", reason="x"), c.RouteDemand(unit="nh-tax"),
    c.ReclassifyDemand(category="street-lighting", reason="x"),
    c.PrioritizeDemand(vulnerable=True, reason="x"), MERGE, c.UnmergeDemand(reason="x"),
)  # fmt: skip


def test_a_merged_case_is_answered_with_its_parent_and_not_by_a_command():
    merged = story.demand(*ROUTED, f.DemandMerged(parent=UUID(int=9), parent_number="NH21-000009-X"))
    refused = refusal(merged, c.ResolveDemand(result="修好了"), CLERK)
    assert (refused.code, "NH21-000009-X" in refused.en) == (Code.ILLEGAL_TRANSITION, True)
    assert "resolve" not in available(merged, CLERK, PACK)
