"""Random actions of staff, citizens and time at once: the stored cases equal a small model, and nothing is lost.

`HUYING_TEST_EXAMPLES` makes a longer run with that many random days, such as 2000.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.chassis.database.pool import open_pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.contracts.numbers import number
from shared.identity.person import Person
from tests import story
from tests.routing.case_checks import check_answer, check_course, check_family
from tests.routing.case_commands import COMMANDS, DISPATCHER, PACK, STAFF, choice, is_expected, with_parent
from tests.routing.case_harness import CaseHarness, Course, Sent
from tests.routing.case_model import Fields

EXAMPLES = os.environ.get("HUYING_TEST_EXAMPLES")
ENDED = {"resolved", "declined", "merged", "withdrawn", "confirmed", "closed"}
T = TypeVar("T")
WORDS = (
    f.DemandUrged(reason="等了十天"), f.DemandSupplemented(text="又塌了"), f.DemandSupported(),
    f.WithdrawalRequested(reason="已自行解决"),
)  # fmt: skip
VERDICTS = (f.DemandConfirmed(rating=5, solved=True), f.DemandReopened(reason="仍然漏水", rating=1))
CASES, PEOPLE, COMMAND = st.integers(0, 3), st.sampled_from(STAFF), st.sampled_from(COMMANDS)
PICK = st.integers(0, 2**32)
"""The seed of a choice among the possible commands."""


class Day(RuleBasedStateMachine):
    """After every step the response is compared with the model, and the stored state with all its facts."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    harness: ClassVar[CaseHarness]
    raised: ClassVar[int] = 0
    done: ClassVar[Counter[str]] = Counter()
    """How often each command succeeded."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[UUID] = []
        self.sent: list[Sent] = []
        self.choices = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout=300)

    @initialize(has_contact=st.booleans())
    def two_demands_are_raised(self, has_contact: bool) -> None:
        type(self).harness.now = story.AT
        self.run(self.harness.forget_timers())
        for _ in range(2):
            self.is_raised("road-damage", has_contact)

    @precondition(lambda self: len(self.keys) < 4)
    @rule(category=st.sampled_from(("road-damage", "education", None)), has_contact=st.booleans())
    def is_raised(self, category: str | None, has_contact: bool) -> None:
        type(self).raised += 1
        key = UUID(int=self.raised)
        contact = UUID(int=7) if has_contact else None
        changes = {"number": number("NH", 2021, self.raised), "category": category, "contact": contact}
        self.run(self.harness.deliver(key, story.SUBMISSION.model_copy(update=changes)))
        self.keys.append(key)
        self.look()

    @rule(case=CASES, by=PEOPLE, command=COMMAND, other=CASES)
    def anybody_gives_any_command(self, case: int, by: Person, command: Any, other: int) -> None:
        before = self.courses()
        demand = before[self.key(case)].stored
        name, fields = with_parent(command, self.number(other))
        sent = self.run(self.harness.send(by, demand.number, name, fields, self.fresh_key()))
        self.took([sent], before)
        expected = is_expected(by, name, fields, demand, before, self.harness.now)
        assert (sent.status == 200) is expected, f"{sent} of {demand!r}"

    @rule(case=CASES, picks=st.lists(PICK, min_size=1, max_size=6), other=CASES)
    def commands_that_are_possible_are_given_one_after_the_other(self, case: int, picks: list[int], other: int) -> None:
        for pick in picks:
            before = self.courses()
            demand = before[self.key_at_work(case, before)].stored
            by, name, fields = self.chosen(pick, demand, before, other)
            sent = self.run(self.harness.send(by, demand.number, name, fields, self.fresh_key()))
            assert sent.status == 200, f"{sent} of {demand!r}"
            self.took([sent], before)

    @rule(case=CASES, picks=st.lists(PICK, min_size=2, max_size=4), other=CASES, is_repeated=st.booleans(),
          word=st.sampled_from((None, *WORDS)), hours=st.sampled_from((0, 9, 70)))  # fmt: skip
    def several_act_at_the_same_moment(
        self, case: int, picks: list[int], other: int, is_repeated: bool, word: f.Fact | None, hours: int
    ) -> None:
        type(self).harness.now += timedelta(hours=hours)
        before = self.courses()
        demand = before[self.key_at_work(case, before)].stored
        choices = [self.chosen(pick, demand, before, other) for pick in picks]
        keys = [self.fresh_key() for _ in choices]
        if is_repeated:
            choices, keys = [*choices, choices[0]], [*keys, keys[0]]

        async def at_once() -> Sequence[Sent]:
            commands = [
                self.harness.send(by, demand.number, name, fields, key)
                for (by, name, fields), key in zip(choices, keys, strict=True)
            ]
            words = [self.harness.deliver(demand.id, word)] if word else []
            sent, *_ = await asyncio.gather(asyncio.gather(*commands), *words, self.harness.run_timers())
            return sent

        sent = self.run(at_once())
        assert all(answer.status in {200, 403, 409, 422} for answer in sent), sent
        if is_repeated and sent[0].status == sent[-1].status == 200:
            assert sent[0].body == sent[-1].body, "the same command, sent twice at once"
        self.took(sent, before)

    @rule(first=CASES, second=CASES)
    def two_cases_are_merged_into_each_other_at_the_same_moment(self, first: int, second: int) -> None:
        before = self.courses()
        numbers = [before[self.key(case)].stored.number for case in (first, second)]

        async def at_once() -> Sequence[Sent]:
            pairs = (numbers, reversed(numbers))
            return await asyncio.gather(*(
                self.harness.send(DISPATCHER, child, "merge", {"into": parent, "reason": "同一处"}, self.fresh_key())
                for child, parent in pairs
            ))  # fmt: skip

        sent = self.run(at_once())
        assert sum(answer.status == 200 for answer in sent) < 2, "one of them leads"
        self.took(sent, before)

    # No precondition: whether anything was sent may depend on a race, and hypothesis must draw the same again.
    @rule(pick=PICK)
    def a_command_is_repeated(self, pick: int) -> None:
        if not self.sent:
            return
        before, sent = self.courses(), self.sent[pick % len(self.sent)]
        repeated = self.run(self.harness.send(sent.by, sent.number, sent.command, sent.fields, sent.key))
        assert repeated == sent, "answered as at first"
        other = self.run(self.harness.send(sent.by, sent.number, "note", {"text": "别的"}, sent.key))
        assert other.status == 422, "a key is not used for another command"
        assert self.courses() == before

    @rule(case=CASES, word=st.sampled_from(WORDS))
    def the_citizen_says_something(self, case: int, word: f.Fact) -> None:
        self.run(self.harness.deliver(self.key(case), word))
        self.look()

    @rule(case=CASES, verdict=st.sampled_from(VERDICTS))
    def the_citizen_judges_the_answer(self, case: int, verdict: f.StatusFact) -> None:
        if self.courses()[self.key(case)].stored.status == "resolved":
            self.run(self.harness.deliver(self.key(case), verdict))
            self.look()

    @rule(hours=st.sampled_from((0.2, 2, 9, 24, 70, 250)))
    def time_passes(self, hours: float) -> None:
        type(self).harness.now += timedelta(hours=hours)

        async def two_workers() -> None:
            await asyncio.gather(self.harness.run_timers(), self.harness.run_timers())
            await self.harness.run_timers()

        self.run(two_workers())
        check_family(self.look(), self.harness.now)

    def teardown(self) -> None:
        if self.keys:
            self.time_passes(1000)

    def key(self, case: int) -> UUID:
        return self.keys[case % len(self.keys)]

    def key_at_work(self, case: int, courses: dict[UUID, Course]) -> UUID:
        """This case, or the next one that has not ended, since most ended ones accept only notes."""
        keys = [self.key(case + n) for n in range(len(self.keys))]
        return next((key for key in keys if courses[key].stored.status not in ENDED), keys[0])

    def fresh_key(self) -> str:
        type(self).raised += 1
        return f"k{self.raised}"

    def chosen(self, pick: int, demand: Demand, courses: dict[UUID, Course], other: int) -> tuple[Person, str, Fields]:
        # Notes do not change the version: without a counter the same draw would always choose the same command.
        self.choices += 1
        return choice(pick + self.choices, demand, courses, self.number(other), self.harness.now)

    def number(self, case: int) -> str:
        return number("NH", 2021, self.key(case).int)

    def courses(self) -> dict[UUID, Course]:
        return self.run(self.harness.courses(self.keys))

    def took(self, sent_commands: Sequence[Sent], before: dict[UUID, Course]) -> None:
        after = self.look()
        succeeded = {answer.key for answer in sent_commands if answer.status == 200}
        for answer in sent_commands:
            if answer.status != 200 and answer.key in succeeded:
                continue  # refused at first and executed when sent again, since a refusal is not stored
            key = next(key for key, course in before.items() if course.stored.number == answer.number)
            check_answer(answer, after[key], PACK)
            if answer.status == 200:
                self.sent.append(answer)
                self.done[answer.command] += 1
        if len(sent_commands) == 1 and sent_commands[0].status != 200:
            assert after == before, "a refusal changes nothing"

    def look(self) -> dict[UUID, Course]:
        courses = self.courses()
        for course in courses.values():
            check_course(course, PACK)
        return courses


async def test_after_any_concurrent_actions_each_case_equals_its_replayed_facts(database: str):
    profile = settings(
        max_examples=int(EXAMPLES or 10),
        stateful_step_count=40 if EXAMPLES else 30,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    async with await open_pool(database, "routing") as pool, CaseHarness(pool) as harness:
        Day.loop, Day.harness = asyncio.get_running_loop(), harness
        await asyncio.to_thread(run_state_machine_as_test, Day, settings=profile)
    never = {name for name, _ in COMMANDS} - set(Day.done)
    print(f"done: {Day.done}; never: {never}")
    assert not (EXAMPLES and never), "a long run does everything"
