"""Due times move by pauses and extensions, and keep these when a demand is corrected."""

from datetime import timedelta

import pytest

from services.routing.cases import commands as c
from services.routing.cases.domain import decide
from services.routing.cases.limits import limits_of
from services.routing.cases.policies import reaction
from services.routing.deadlines.domain import due_now
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve, replay
from shared.contracts.demand.state import Demand, Status
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person, Role
from tests import story
from tests.packs import nanhai, shipped

PACK = nanhai()
AT = story.AT
"""Monday 10 May 2021, ten o'clock in Foshan."""
DAY = timedelta(days=1)
DISPATCHER = Person("林嘉怡", PACK.coordinator, frozenset({Role.DISPATCHER}))
ACCEPTED = f.DemandAccepted(by="陈")
CONSULT = story.SUBMISSION.model_copy(update={"kind": f.RequestKind.CONSULT})
"""Two working days for a requested extension."""


def of(*dated_facts: tuple[f.StatusFact, int]) -> Demand:
    """A demand after facts, each this many days after it was raised."""
    return replay(Demand(id=story.ID), [(fact, AT + days * DAY) for fact, days in dated_facts])


def at_work(submission: f.DemandSubmitted = story.SUBMISSION) -> Demand:
    """A demand that the unit of the catalogue has signed for."""
    ((routed, _),) = reaction(shipped())(story.demand(submission), submission, AT, AT)
    return of((submission, 0), (routed, 0), (ACCEPTED, 0))


def after_command(demand: Demand, command: c.RoutingCommand, days: float, words: str | None = None) -> Demand:
    """The demand after a dispatcher's command."""
    at = AT + days * DAY
    for fact in decide(demand, command, DISPATCHER, PACK, at, words=words):
        if isinstance(fact, f.StatusFact):
            demand = evolve(demand, fact, at)
    return demand


PAUSE = c.PauseDemand(reason="weather")
RESUME = c.ResumeDemand()
EXTEND = c.ExtendDemand(working_days=5, reason="等待沥青", approved_by="区统筹办")
LIGHTS = c.ReclassifyDemand(category="street-lighting", reason="是路灯")
URGENT = c.PrioritizeDemand(urgency=f.Urgency.URGENT, reason="x")
ORDINARY = c.PrioritizeDemand(urgency=f.Urgency.ORDINARY, reason="x")


def test_a_corrected_category_keeps_paused_time_and_granted_days():
    paused = after_command(after_command(at_work(), PAUSE, 1), RESUME, 8)
    assert after_command(paused, LIGHTS, 9).due_at == PACK.due_at(AT, 15) == paused.due_at
    extended = after_command(paused, EXTEND, 9)
    assert after_command(extended, LIGHTS, 10).due_at == extended.due_at == PACK.due_at(AT, 20)


def test_a_category_corrected_during_a_pause_keeps_the_remaining_time():
    paused = after_command(at_work(), PAUSE, 1)
    resumed = after_command(after_command(paused, LIGHTS, 5), RESUME, 8)
    assert resumed.due_at == after_command(paused, RESUME, 8).due_at == PACK.due_at(AT, 15)


def test_a_correction_to_a_shorter_limit_does_not_make_a_case_overdue_at_once():
    demand = at_work().model_copy(update={"kind": f.RequestKind.CONSULT})
    corrected = after_command(demand, LIGHTS, 4)
    assert corrected.due_at == PACK.due_at(AT + 4 * DAY, 2)
    late = demand.model_copy(update={"due_at": PACK.due_at(AT, 1)})
    assert after_command(late, LIGHTS, 4).due_at == PACK.due_at(AT, 2), "the right limit from receipt is longer"


def test_a_lowered_urgency_keeps_paused_time_and_granted_days():
    urgent = after_command(at_work(), URGENT, 0)
    paused = after_command(after_command(urgent, PAUSE, 1), RESUME, 8)
    ordinary = after_command(paused, ORDINARY, 9)
    assert ordinary.due_at == PACK.due_at(AT, 15)
    extended = after_command(at_work(), EXTEND, 1).model_copy(
        update={"urgency": f.Urgency.CRITICAL, "due_at": AT + 3 * DAY}
    )
    assert after_command(extended, ORDINARY, 2).due_at == PACK.due_at(AT, 15)


def test_a_unit_can_raise_the_urgency_of_its_case_and_not_lower_it():
    demand = at_work()
    clerk, dispatcher = Person("陈", demand.unit or "", frozenset({Role.CLERK})), DISPATCHER
    (raised,) = decide(demand, URGENT, clerk, PACK, AT)
    urgent = evolve(demand, raised, AT)  # type: ignore[arg-type]
    assert urgent.urgency is f.Urgency.URGENT
    protected = c.PrioritizeDemand(vulnerable=True, reason="独居老人")
    (flagged,) = decide(urgent, protected, clerk, PACK, AT)
    for lower in (ORDINARY, c.PrioritizeDemand(vulnerable=False, reason="x")):
        with pytest.raises(Refused) as refused:
            decide(evolve(urgent, flagged, AT), lower, clerk, PACK, AT)  # type: ignore[arg-type]
        assert refused.value.code is Code.ILLEGAL_TRANSITION
        assert decide(evolve(urgent, flagged, AT), lower, dispatcher, PACK, AT)  # type: ignore[arg-type]


def test_granted_days_lapse_with_a_shorter_limit_and_the_fact_says_so():
    extended = after_command(at_work(), EXTEND, 1)
    at = AT + 2 * DAY
    (fact,) = decide(extended, URGENT, DISPATCHER, PACK, at)
    assert isinstance(fact, f.DemandPrioritized)
    assert (fact.due_at, fact.extension_lapsed) == (PACK.due_at(at, 3), True)
    urgent = evolve(extended, fact, at)
    assert after_command(urgent, ORDINARY, 3).due_at == PACK.due_at(AT, 10)
    (fact_without_days,) = decide(at_work(), URGENT, DISPATCHER, PACK, at)
    assert isinstance(fact_without_days, f.DemandPrioritized)
    assert not fact_without_days.extension_lapsed


def test_a_reopened_demand_counts_from_its_reopening_without_earlier_pauses():
    extended = after_command(after_command(after_command(at_work(), PAUSE, 1), RESUME, 8), EXTEND, 9)
    resolved = evolve(extended, f.DemandResolved(by="陈", result="x"), AT + 10 * DAY)
    reopened_at = AT + 14 * DAY
    reopening = f.DemandReopened(reason="又坏了")
    reopened = evolve(resolved, reopening, reopened_at)
    ((routed, _),) = reaction(shipped())(reopened, reopening, reopened_at, reopened_at)
    assert isinstance(routed, f.DemandRouted)
    again = evolve(evolve(reopened, routed, reopened_at), ACCEPTED, reopened_at)
    assert (again.pauses, again.extended_days) == ((), 0)
    assert after_command(again, LIGHTS, 18).due_at == again.due_at


def test_an_extension_requested_before_a_pause_is_added_after_it():
    requested = after_command(at_work(), c.RequestExtension(working_days=3, reason="x"), 1)
    resumed = after_command(after_command(requested, PAUSE, 1), RESUME, 8)
    granted = after_command(resumed, c.GrantExtension(), 8)
    assert granted.due_at == PACK.due_at(AT, 18)


def test_due_times_of_assisting_units_move_with_a_pause():
    requested = after_command(at_work(), c.RequestAssistance(units=("nh-transport", "nh-tax"), reason="x"), 0)
    demand = evolve(requested, f.AssistanceReported(by="李", unit="nh-tax", note="x"), AT)
    before = {part.unit: part.due_at for part in demand.assistance}
    resumed = after_command(after_command(demand, PAUSE, 1), RESUME, 8)
    after = {part.unit: part.due_at for part in resumed.assistance}
    assert before["nh-transport"] == PACK.due_at(AT, 5)
    assert after == {"nh-transport": PACK.due_at(AT, 10), "nh-tax": before["nh-tax"]}


def test_assistance_requested_during_a_pause_keeps_its_remaining_time():
    paused = after_command(at_work(), PAUSE, 1)
    requested = after_command(paused, c.RequestAssistance(units=("nh-transport",), reason="x"), 4)
    (part,) = after_command(requested, RESUME, 8).assistance
    assert part.due_at == PACK.due_at(AT + 8 * DAY, 5)


@pytest.mark.parametrize(
    "end",
    [
        f.DemandDeclined(reason="x", by="陈"),
        f.DemandWithdrawn(),
        f.DemandMerged(parent=story.ID, parent_number="NH21-000001-X"),
    ],
    ids=lambda fact: fact.type,
)
def test_nothing_can_be_paused_or_requested_when_the_unit_has_nothing_to_do(end: f.StatusFact):
    requested = after_command(at_work(), c.RequestExtension(working_days=3, reason="x"), 1)
    demand = evolve(after_command(requested, PAUSE, 1), end, AT + 2 * DAY)
    assert (demand.paused_at, demand.pause_reason, demand.paused_until, demand.extension) == (None, None, None, None)


def test_a_listed_case_that_goes_on_has_deadlines_again():
    listed = after_command(at_work(), c.ListDemand(level="village", reason="x"), 1)
    assert due_now(listed) == []
    resumed = after_command(listed, RESUME, 8)
    assert resumed.status is Status.LISTED
    assert [(due.stage, due.at) for due in due_now(resumed)][-1] == (f.Stage.RESOLVE, resumed.due_at)


def test_a_demand_keeps_the_preset_of_its_rule_until_its_category_is_corrected():
    (ordinary,) = PACK.limits
    several = PACK.model_copy(update={"limits": {**PACK.limits, "of-a-rule": PACK.limits[ordinary]}})
    pack = several.with_catalogue(PACK.rules, PACK.usual_limits)
    demand = at_work().model_copy(update={"limit_source": "of-a-rule"})
    assert limits_of(demand, pack).source == "of-a-rule"
    handed = decide(demand, c.TransferDemand(unit="nh-tax", reason="x"), DISPATCHER, pack, AT)
    assert [fact.limit_source for fact in handed if isinstance(fact, f.DemandRouted)] == ["of-a-rule"]
    (corrected,) = decide(demand, LIGHTS, DISPATCHER, pack, AT)
    assert isinstance(corrected, f.DemandReclassified)
    assert corrected.limit_source == ordinary
    assert evolve(demand, corrected, AT).limit_source == ordinary
    assert limits_of(demand, PACK).source == ordinary, "a preset that the pack no longer has"


def test_the_first_routing_stores_its_preset_in_the_state():
    assert at_work().limit_source == limits_of(at_work(), PACK).source


def test_a_category_corrected_in_triage_is_routed_by_the_whole_text():
    rule = PACK.rules[0].model_copy(
        update={"id": "sunk", "lead": "nh-transport",
                "match": PACK.rules[0].match.model_copy(update={"category": "road-damage", "keywords": ("塌陷",)})}
    )  # fmt: skip
    pack = PACK.with_catalogue((rule, *PACK.rules), PACK.usual_limits)
    waiting = of((story.SUBMISSION.model_copy(update={"category": None}), 0), (f.DemandTriaged(reason="x"), 0))
    command = c.ReclassifyDemand(category="road-damage", reason="x")

    def sent_to(words: str | None) -> str | None:
        facts = decide(waiting, command, DISPATCHER, pack, AT, words=words)
        assert isinstance(facts[0], f.DemandReclassified)
        assert facts[0].due_at is None, "nothing is due before a unit has it"
        return facts[1].unit if len(facts) > 1 and isinstance(facts[1], f.DemandRouted) else None

    assert sent_to(f"{waiting.title}\n村口路面塌陷") == "nh-transport"
    assert sent_to(None) != "nh-transport"
