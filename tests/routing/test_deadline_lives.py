"""Late timers record the same misses of a random case as timers that run on time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.routing.cases.limits import resumed
from services.routing.cases.policies import reaction
from services.routing.deadlines.domain import due_now, has_step_until, next_at, pending
from services.routing.deadlines.payloads import Payload, payload_of
from services.routing.deadlines.timer import on_due
from shared.chassis.work.timers import Later
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Refused
from tests import story
from tests.packs import nanhai, shipped

PACK = nanhai()
STEPS = (
    f.DemandAccepted(by="陈"),
    f.DemandContacted(by="陈"),
    f.DemandProgressed(by="陈", note="x"),
    f.DemandPaused(by="陈", reason="weather"),
    f.DemandListed(level="town", reason="x"),
    f.DemandReturned(by="陈", reason="x", suggested_unit="nh-tax"),
    f.DemandReturned(by="陈", reason="x"),
    f.DemandRouted(unit="nh-police", rule="dispatcher:李"),
    f.DemandMerged(parent=story.ID, parent_number="NH21-000009-X"),
    f.DemandUnmerged(by="李", reason="x"),
    f.DemandResolved(by="陈", result="x"),
    f.DemandReopened(reason="x"),
    "resume",
    "extend",
    "help",
)


@dataclass
class Desk:
    """One demand with its timers, as the projection and the runner maintain them; `told` has the misses and
    escalations."""

    demand: Demand = field(default_factory=lambda: Demand(id=story.ID))
    rows: dict[str, tuple[datetime, Payload]] = field(default_factory=dict)
    told: list[tuple[str, str, str, datetime]] = field(default_factory=list)

    def happens(self, fact: f.StatusFact, at: datetime) -> None:
        """Apply a fact and all facts that routing records because of it, and plan the timers."""
        before = self.demand
        try:
            self.demand = evolve(before, fact, at)
        except Refused:
            return
        while answers := reaction(shipped())(self.demand, fact, at, at):
            ((fact, at),) = answers  # type: ignore[assignment]
            self.demand = evolve(self.demand, fact, at)
        self._plan(before, at)

    def _plan(self, before: Demand, at: datetime) -> None:
        if due_now(before) == due_now(self.demand):
            return
        known = self.rows.get("")
        if has_step_until(before, at, PACK) and known and known[0] <= at:
            self.rows[f"{known[0]} {at}"] = (known[0], {**known[1], "until": at.isoformat()})
        parts = pending(before, due_now(self.demand), at, PACK)
        self.rows.pop("", None)
        if moment := next_at(parts):
            self.rows[""] = (moment, orjson.loads(orjson.dumps(payload_of(parts))))

    def runs(self, now: datetime) -> None:
        """Run the timers until nothing is due."""
        while due := [(name, row) for name, row in self.rows.items() if row[0] <= now]:
            name, (_, payload) = due[0]
            answer = on_due(self.demand, payload, PACK, now)
            del self.rows[name]
            for fact, at in answer.facts if isinstance(answer, Later) else answer:
                if isinstance(fact, f.StatusFact):
                    self.happens(fact, at)
                elif isinstance(fact, f.DeadlineMissed):
                    self.told.append(("missed", fact.stage, fact.unit or "", fact.due_at))
            if isinstance(answer, Later):
                self.rows[name] = (answer.at, orjson.loads(orjson.dumps(answer.payload or payload)))


def command(desk: Desk, step: f.StatusFact | str, at: datetime) -> f.StatusFact | None:
    """What staff do at this time; None if it is impossible."""
    demand = desk.demand
    match step:
        case "resume":
            return resumed(demand, PACK, at) if demand.paused_at and demand.paused_at < at else None
        case "extend":
            due = demand.due_at
            return f.DemandExtended(due_at=PACK.due_at(due, 3), reason="x", approved_by="李") if due else None
        case "help":
            if demand.unit == "nh-education":
                return None
            return f.AssistanceRequested(by="陈", units=("nh-education",), reason="x", due_at=PACK.due_at(at, 2))
        case f.DemandPaused():
            return None if demand.paused_at else step
        case f.DemandRouted():
            return step.model_copy(update={"due_at": demand.due_at, "sign_due_at": PACK.due_at(at, 1)})
        case f.StatusFact():
            return step
    return None


def life(steps: list[tuple[f.StatusFact | str, timedelta, bool]], *, awake: bool) -> Desk:
    """A demand with these steps; timers run every hour, or only when a step says so."""
    desk, now = Desk(), story.AT
    desk.happens(story.SUBMISSION, now)
    for step, wait, runs in steps:
        end = now + wait
        while awake and now < end:
            now = min(now + timedelta(hours=1), end)
            desk.runs(now)
        now = end
        if runs:
            desk.runs(now)
        if fact := command(desk, step, now):
            desk.happens(fact, now)
    desk.runs(now + timedelta(days=200))
    return desk


LIVES = st.lists(
    st.tuples(
        st.sampled_from(STEPS), st.timedeltas(timedelta(minutes=1), timedelta(days=9)), st.booleans()
    ),
    max_size=12,
)  # fmt: skip


@given(LIVES)
def test_late_timers_record_the_same_misses_as_timely_ones(
    steps: list[tuple[f.StatusFact | str, timedelta, bool]],
):
    asleep, awake = life(steps, awake=False), life(steps, awake=True)
    assert asleep.demand == awake.demand
    assert sorted(asleep.told) == sorted(awake.told)


@given(LIVES)
def test_no_due_time_of_a_stage_is_missed_twice(
    steps: list[tuple[f.StatusFact | str, timedelta, bool]],
):
    misses = [
        (stage, unit if stage == f.Stage.ASSIST else "", due) for _, stage, unit, due in life(steps, awake=True).told
    ]
    assert len(misses) == len(set(misses))
