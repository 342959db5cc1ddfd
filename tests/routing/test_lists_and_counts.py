"""After any facts of several demands, every list and count equals the one computed demand by demand.

`HUYING_TEST_EXAMPLES` makes a longer run with that many random days, such as 500.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.routing.cases import worklists
from services.routing.cases.overview import overview
from services.routing.cases.projection import CASES
from services.routing.cases.worklist_filters import Filters
from services.routing.cases.worklists import BEGINNING, Desk, List, Sort
from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import TRANSITIONS
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service, Status
from shared.contracts.numbers import number
from tests import story
from tests.chassis.conftest import envelope

EXAMPLES = os.environ.get("HUYING_TEST_EXAMPLES")
A, B, C = "station", "town", "taxes"
NOW: Final = story.AT + timedelta(days=5)
OPEN: Final = {Status.ROUTED, Status.ACCEPTED, Status.IN_PROGRESS, Status.LISTED}
FOR_EVER: Final = datetime.fromisoformat("9999-01-01T00:00:00Z")
REPOSITORY: Final[Any] = Repository("demand", demand_rules(Service.ROUTING), CASES)


def at_day(days: int | None) -> datetime | None:
    return None if days is None else story.AT + timedelta(days=days)


UNITS, DAYS, STAFF = st.sampled_from((A, B, C)), st.sampled_from((None, 1, 5, 6, 30)), st.sampled_from(("陈", "林"))
HELPERS = st.lists(UNITS, max_size=3).map(lambda units: tuple(dict.fromkeys(units)))
MOVES = st.one_of(
    st.builds(
        lambda unit, assisting, due: f.DemandRouted(
            unit=unit, rule="r", assisting=tuple(helper for helper in assisting if helper != unit), due_at=at_day(due)
        ),
        UNITS, HELPERS, DAYS,
    ),
    st.builds(lambda by: f.DemandAccepted(by=by), STAFF),
    st.sampled_from((
        f.DemandPaused(by="陈", reason="weather"), f.DemandReturned(by="陈", reason="x"), f.DemandReopened(reason="y"),
        f.DemandResolved(by="陈", result="x"), f.DemandTriaged(reason="x"),
    )),
    st.builds(lambda by: f.DemandAssigned(by="陈", handler=by), STAFF),
    st.builds(lambda units: f.AssistanceRequested(by="陈", units=units or (B,), reason="x"), HELPERS),
    st.builds(lambda unit: f.AssistanceEnded(by="陈", unit=unit, reason="x"), UNITS),
    st.builds(
        lambda unit: f.ExtensionRequested(
            by="陈", unit=A, working_days=3, due_at=story.AT + timedelta(days=9), reason="x", decider=unit
        ),
        UNITS,
    ),
    st.builds(
        lambda urgency, vulnerable: f.DemandPrioritized(by="陈", urgency=urgency, vulnerable=vulnerable, reason="x"),
        st.sampled_from(f.Urgency), st.booleans(),
    ),
    st.builds(
        lambda due: f.DemandExtended(due_at=story.AT + timedelta(days=due), reason="x", approved_by="陈"),
        st.integers(4, 8),
    ),
    st.sampled_from((
        f.DemandContacted(by="陈"), f.DemandProgressed(by="陈", note="x"), f.DemandPaused(by="陈", reason="weather"),
        f.DemandResumed(by="陈"), f.DemandReturned(by="陈", reason="x"), f.DemandTriaged(reason="x"),
        f.DemandListed(level="town", reason="x"), f.DemandResolved(by="陈", result="x"),
        f.DemandReopened(reason="y"), f.DemandDeclined(reason="x"),
        f.ExtensionRefused(by="陈", reason="x"), f.DemandReclassified(category="noise", by="陈", reason="x"),
    )),
)  # fmt: skip
NOTES = st.one_of(
    st.builds(lambda unit: f.DemandEscalated(to=unit, reason="逾期"), UNITS),
    st.sampled_from((
        f.DemandUrged(reason="等了十天"), f.DemandSupplemented(text="又塌了"), f.DemandSupported(),
        f.WithdrawalRequested(reason="x"),
    )),
)  # fmt: skip
Step = tuple[int, Sequence[f.Fact], bool]
STEPS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(st.lists(MOVES, min_size=12, max_size=12), st.lists(NOTES, min_size=1, max_size=1)),
        st.booleans(),
    ),
    min_size=20,
    max_size=60,
)
"""The demand; facts of which the first possible one follows; whether it is in one batch with the previous step."""


@dataclass(slots=True)
class Marks:
    """Additions to a demand that its state does not show."""

    urges: int = 0
    supports: int = 0
    words_at: datetime | None = None
    escalated_to: str | None = None

    def add(self, fact: f.Fact, at: datetime) -> None:
        self.urges += isinstance(fact, f.DemandUrged)
        self.supports += isinstance(fact, f.DemandSupported)
        if isinstance(fact, f.DemandEscalated):
            self.escalated_to = fact.to
        if isinstance(fact, f.DemandUrged | f.DemandSupplemented | f.WithdrawalRequested):
            self.words_at = at


Batch = list[tuple[int, Sequence[f.Fact]]]
Known = Sequence[tuple[Demand, Marks]]


def due_of(demand: Demand) -> datetime:
    return FOR_EVER if demand.paused_at or demand.due_at is None else demand.due_at


def belongs(desk: Desk) -> Mapping[List, Callable[[Demand, Marks], bool]]:
    """Which cases belong to each list."""
    is_own: Callable[[Demand], bool] = lambda demand: demand.status in OPEN and demand.unit in desk.units  # noqa: E731
    said_since: Callable[[Demand, Marks], bool] = lambda demand, marks: (  # noqa: E731
        marks.words_at is not None and demand.updated_at is not None and marks.words_at > demand.updated_at
    )
    return {
        List.OPEN: lambda demand, _: is_own(demand),
        List.MINE: lambda demand, _: is_own(demand) and demand.handler == desk.name,
        List.OVERDUE: lambda demand, _: is_own(demand) and due_of(demand) < desk.now,
        List.DUE_SOON: lambda demand, _: is_own(demand) and desk.now <= due_of(demand) < desk.tomorrow_ends,
        List.UNSIGNED: lambda demand, _: is_own(demand) and demand.status == Status.ROUTED,
        List.RETURNED: lambda demand, _: is_own(demand) and demand.status == Status.ROUTED and demand.returns > 0,
        List.REOPENED: lambda demand, _: is_own(demand) and demand.reopenings > 0,
        List.URGED: lambda demand, marks: is_own(demand) and marks.urges > 0,
        List.NEW_WORDS: lambda demand, marks: is_own(demand) and said_since(demand, marks),
        List.PAUSED: lambda demand, _: is_own(demand) and demand.paused_at is not None,
        List.ASSISTING: lambda demand, _: demand.status in OPEN and not set(desk.units).isdisjoint(demand.assisting),
        List.TO_DECIDE: lambda demand, _: demand.extension is not None and demand.extension.decider in desk.units,
        List.ESCALATED: lambda demand, marks: demand.status in OPEN and marks.escalated_to in desk.units,
        List.TRIAGE: lambda demand, _: demand.status == Status.TRIAGE and demand.jurisdiction == desk.jurisdiction,
    }


def order(demand: Demand) -> tuple[int, datetime, UUID]:
    first = demand.vulnerable or demand.urgency is f.Urgency.CRITICAL
    return (0 if first else 1, due_of(demand), demand.id)


def may_follow(demand: Demand, fact: f.Fact) -> bool:
    return not isinstance(fact, f.StatusFact) or demand.status in TRANSITIONS[type(fact)].after


async def applied(pool: Pool, steps: Sequence[Step]) -> Known:
    """Deliver the possible facts of four demands; returns the state of each."""
    marks, at = [Marks() for _ in range(4)], story.AT
    keys = [UUID(int=n + 1) for n in range(4)]
    batch: Batch = [
        (n, [story.SUBMISSION.model_copy(update={"number": number("NH", 2021, n + 1), "vulnerable": n == 3})])
        for n in range(4)
    ]
    for which, facts, joins in (*steps, (0, [f.DemandSupported()], False)):
        if not joins:
            at += timedelta(hours=1)
            await _tell(pool, keys, batch, at, marks)
            batch = []
        batch.append((which, facts))
    rows = await pool.fetch("SELECT state::text FROM demand ORDER BY id")
    return [(Demand.model_validate_json(row["state"]), marks[n]) for n, row in enumerate(rows)]


async def _tell(
    pool: Pool,
    keys: Sequence[UUID],
    batch: Sequence[tuple[int, Sequence[f.Fact]]],
    at: datetime,
    marks: Sequence[Marks],
) -> None:
    async with pool.acquire() as db, db.transaction():
        work = await REPOSITORY.load(db, keys, at)
        for n, (which, facts) in enumerate(batch):
            state, moment = work.state(keys[which]), at + timedelta(seconds=n)
            fact = next((fact for fact in facts if may_follow(state, fact)), None)
            if fact:
                sequence = state.version + 1 if fact.moves else None
                work.apply(envelope(fact, sequence, keys[which], moment)._replace(id=uuid4()))
                marks[which].add(fact, moment)
        await REPOSITORY.save(db, work)


async def listed(db: Any, desk: Desk, name: List, sort: Sort) -> list[UUID]:
    """The complete list, read in pages of two cases."""
    cases: list[UUID] = []
    cursor: worklists.CaseCursor | None = BEGINNING
    while cursor:
        shown, cursor = await worklists.page(db, desk, name, sort, Filters(), cursor, 2)
        cases += [case.id for case in shown]
    return cases


async def check(pool: Pool, demands: Known, desk: Desk) -> None:
    async with pool.acquire() as db:
        counts = await worklists.counts(db, desk)
        for name, is_in in belongs(desk).items():
            expected = [demand for demand, marks in demands if is_in(demand, marks)]
            assert counts[name] == len(expected), name
            assert await listed(db, desk, name, "due") == [case.id for case in sorted(expected, key=order)], name
            assert await listed(db, desk, name, "age") == sorted(case.id for case in expected), name
        shown, _ = await worklists.page(db, desk, List.OPEN, "due", Filters(), BEGINNING, 9)
        by_id = {demand.id: marks for demand, marks in demands}
        for case in shown:
            marks = by_id[case.id]
            assert (case.urges, case.supports) == (marks.urges, marks.supports)
        loads, _ = await overview(db, desk.units, desk.now, desk.tomorrow_ends)
    for load in loads:
        own = [case for case, _ in demands if case.status in OPEN and case.unit == load.unit]
        overdue = [due_of(case) for case in own if due_of(case) < desk.now]
        assert load == (
            load.unit, len(own), len(overdue), sum(desk.now <= due_of(case) < desk.tomorrow_ends for case in own),
            sum(case.status == Status.ROUTED for case in own), sum(case.reopenings > 0 for case in own),
            sum(case.paused_at is not None for case in own), min(overdue, default=None),
        )  # fmt: skip
    assert {load.unit for load in loads} == {case.unit for case, _ in demands if case.status in OPEN} & set(desk.units)


async def emptied(pool: Pool) -> None:
    await pool.execute("TRUNCATE demand, assisting_case, wording, heard_fact, journal, timer")


async def test_after_any_facts_each_list_and_count_equals_the_one_computed_demand_by_demand(database: str):
    reached: set[List] = set()
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=int(EXAMPLES or 20),
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(STEPS)
    def example(steps: Sequence[Step]) -> None:
        asyncio.run_coroutine_threadsafe(one_day(steps), loop).result(timeout=300)

    async def one_day(steps: Sequence[Step]) -> None:
        demands = await applied(pool, steps)
        for units in ((A,), (A, B, C)):
            desk = Desk(units, "陈", "nanhai", NOW, NOW + timedelta(days=2))
            await check(pool, demands, desk)
            reached.update(name for name, is_in in belongs(desk).items() if any(is_in(*pair) for pair in demands))
        await emptied(pool)

    async with await open_pool(database, "routing", size=2) as pool:
        await asyncio.to_thread(example)
    never = set(List) - reached
    assert not never
