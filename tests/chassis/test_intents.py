"""Intents go out once, and in order for each recipient: kills, faults and a second sender change nothing of that."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work import intents
from shared.chassis.work.intent_queue import DIED
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_watch import IntentWatch
from shared.chassis.work.intents import (
    Away,
    Intent,
    IntentKind,
    NoRecipient,
    Outcome,
    PutOff,
    Rejected,
    RetryLater,
    Sent,
    State,
    Unknown,
)
from tests.chassis.parcels import Step, make_tables, parcels, step, steps
from tests.eventually import ended, eventually
from tests.story import AT

PARCEL = UUID(int=1)


@dataclass(frozen=True)
class House:
    """Whom an intent is for."""

    name: str

    @property
    def mark(self) -> bytes:
        return self.name.encode()


@dataclass
class Postman:
    """A gateway that notes what it was given; it may answer something else, or wait until it may go on."""

    name: str = "postman"
    at_once: int = 8
    answers: dict[str, Outcome] = field(default_factory=dict)
    fault: Exception | None = None
    given: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, intent: Intent, recipient: House) -> Outcome:
        self.begun.append(intent.body["text"])
        await self.open.wait()
        if self.fault:
            raise self.fault
        self.given.append(intent.body["text"])
        return self.answers.get(intent.body["text"], Sent())


@dataclass
class Post:
    """A queue of intents, whoever knows its houses, and its gateway."""

    pool: Pool
    postman: Postman = field(default_factory=Postman)
    asked: list[str] = field(default_factory=list)
    unknown: dict[str, Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.postman.open.set()

    async def write(self, *texts: str) -> None:
        """Intents such as `a1`: the first of line `a`, for house `a` unless the line is `a@b`, for house `b`."""
        writes = WriteBatch()
        ids = {text: UUID(bytes=text.rjust(16).encode()) for text in texts}
        written = [Intent(id, "letter", PARCEL, id, line(text), {"text": text}) for text, id in ids.items()]
        intents.put(writes, written)
        async with self.pool.acquire() as db:
            await writes.write(db)

    async def house(self, intent: Intent) -> House:
        """Whom it is for; every question is noted."""
        text = intent.body["text"]
        self.asked.append(text)
        if text in self.unknown:
            raise self.unknown[text]
        return House(line(text).partition("@")[2] or line(text))

    @property
    def kind(self) -> IntentKind[House]:
        def notes(intent: Intent, state: State, cause: str | None) -> Sequence[Step]:
            return [Step(name=f"{intent.body['text']} {state}")]

        return IntentKind("letter", parcels(), self.postman, self.house, notes, lambda intent: 1000)

    def sender(self) -> IntentSender[House]:
        return IntentSender(self.pool, self.kind, clock=lambda: AT)

    def watch(self) -> IntentWatch:
        return IntentWatch(self.pool, self.kind, clock=lambda: AT)

    async def states(self) -> list[str]:
        """What became of each intent, in order."""
        return [row["state"] for row in await self.pool.fetch("SELECT state FROM intent ORDER BY position")]

    async def told(self) -> list[str]:
        """The outcomes as the journal tells them."""
        return (await steps(self.pool, PARCEL))[1:]

    async def later(self) -> None:
        """So much later that a sender that died is known to be dead, and what was put off is due."""
        await self.pool.execute("UPDATE intent SET claimed_at = now() - interval '5 minutes' WHERE state = 'sending'")
        await self.pool.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")
        await self.pool.execute("UPDATE lease SET expires_at = now() - interval '1 second'")

    async def begun(self, count: int) -> None:
        """Wait until so many are in the gateway's hands."""

        async def number() -> int:
            return len(self.postman.begun)

        await eventually(number, lambda found: found >= count)


def line(text: str) -> str:
    return text.rstrip("0123456789")


async def everything(sender: IntentSender[House]) -> None:
    """Send until nothing is due."""
    for _ in range(20):
        if not await sender.send_some():
            return
    raise AssertionError("there is always something to send")


@pytest.fixture
async def post(database: str) -> AsyncIterator[Post]:
    async with await open_pool(database, "reporting") as pool:
        await make_tables(pool)
        await step(pool, PARCEL, Step(name="written"), AT)
        yield Post(pool)


async def test_an_intent_is_sent_once_and_its_outcome_is_told(post: Post):
    await post.write("a1")
    await post.write("a1")
    sender = post.sender()
    assert (await sender.send_some(), await sender.send_some()) == (1, 0)
    assert (post.postman.given, await post.states(), await post.told()) == (["a1"], ["sent"], ["a1 sent"])


@pytest.mark.parametrize(
    ("outcome", "state"), [(Rejected("no such house"), State.FAILED), (Unknown("no answer"), State.UNKNOWN)]
)
async def test_what_was_rejected_and_what_nobody_knows_is_told_and_never_sent_again(
    post: Post, outcome: Outcome, state: State
):
    post.postman.answers["a1"] = outcome
    await post.write("a1", "a2")
    await everything(post.sender())
    assert (post.postman.given, await post.states()) == (["a1", "a2"], [state, "sent"])
    assert await post.told() == [f"a1 {state}", "a2 sent"]


async def test_what_the_gateway_takes_later_is_sent_again_in_its_order_and_tells_nothing_before(post: Post):
    post.postman.answers["a1"] = RetryLater("full")
    await post.write("a1", "a2", "b1")
    sender = post.sender()
    for _ in range(2):
        with pytest.raises(Away, match="full"):
            await sender.send_some()
    assert (post.postman.given, await post.states()) == (["a1", "a1"], ["pending"] * 3), "one alone tries"
    assert await post.told() == []
    post.postman.answers.clear()
    await everything(sender)
    assert [text for text in post.postman.given[2:] if text != "b1"] == ["a1", "a2"]
    assert await post.states() == ["sent"] * 3


async def test_while_nobody_knows_the_recipients_one_alone_is_asked_for_and_nothing_is_sent(post: Post):
    await post.write("a1", "b1", "c1")
    post.unknown = dict.fromkeys(["a1", "b1", "c1"], Away("silent"))
    sender = post.sender()
    for _ in range(2):
        with pytest.raises(Away, match="silent"):
            await sender.send_some()
    assert (post.asked, post.postman.given) == (["a1", "a1"], [])
    post.unknown.clear()
    await everything(sender)
    assert await post.states() == ["sent"] * 3


async def test_nothing_overtakes_an_intent_whose_recipient_cannot_be_told_for_the_moment(post: Post):
    await post.write("a1", "b1", "c1")
    sender = post.sender()
    await everything(sender)
    await post.write("d1", "e1", "f1")
    post.unknown = {"e1": Away("silent")}
    with pytest.raises(Away):
        await sender.send_some()
    assert (post.postman.given[3:], (await post.states())[3:]) == (["d1"], ["sent", "pending", "pending"])


async def test_who_has_no_recipient_is_skipped_and_who_is_put_off_holds_up_its_own_line_alone(post: Post):
    await post.write("a1", "a2", "b1", "b2", "c1")
    post.unknown = {"a1": NoRecipient("moved away"), "b1": PutOff("asleep", "sleep")}
    await everything(post.sender())
    assert await post.states() == ["skipped", "sent", "pending", "pending", "sent"]
    assert await post.pool.fetch("SELECT waits, cause FROM intent WHERE attempts = 1 AND state = 'pending'") == [
        ("sleep", "asleep")
    ]
    post.unknown.clear()
    await post.later()
    await everything(post.sender())
    assert [text for text in post.postman.given if text.startswith("b")] == ["b1", "b2"]


async def test_different_recipients_are_served_side_by_side_and_each_in_order(post: Post):
    post.postman.open.clear()
    lines = "abcdefg"
    await post.write("x1", *(f"{name}{n}" for n in range(1, 4) for name in lines))
    sending = asyncio.create_task(post.sender().send_some())
    await post.begun(1)
    post.postman.open.set()
    await sending
    post.postman.open.clear()
    await post.write(*(f"{name}{n}" for n in range(4, 7) for name in lines))
    sender = post.sender()
    sender._careful = False
    sending = asyncio.create_task(sender.send_some())
    await post.begun(1 + 3 * len(lines) + len(lines))
    assert sorted(post.postman.begun[-len(lines) :]) == [f"{name}4" for name in lines], "one of each line is on its way"
    post.postman.open.set()
    await sending
    for name in lines:
        assert [text for text in post.postman.given if text.startswith(name)] == [f"{name}{n}" for n in range(1, 7)]


async def test_no_more_are_in_the_gateways_hands_than_it_takes_at_once(post: Post):
    post.postman.open.clear()
    post.postman.at_once = 2
    await post.write(*(f"{name}1" for name in "abcde"))
    sender = post.sender()
    sender._careful = False
    sending = asyncio.create_task(sender.send_some())
    await post.begun(2)
    assert await post.states() == ["sending", "sending", "pending", "pending", "pending"]
    post.postman.open.set()
    assert await sending == 5


async def test_lines_that_lead_to_one_house_keep_their_order_among_each_other(post: Post):
    texts = ["a@x1", "b@x1", "a@x2", "c@y1", "b@x2", "a@x3"]
    await post.write(*texts)
    await everything(post.sender())
    assert [text for text in post.postman.given if "@x" in text] == [text for text in texts if "@x" in text]


async def test_of_two_senders_one_sends_and_the_other_waits(post: Post):
    post.postman.open.clear()
    await post.write("a1", "b1")
    sending = asyncio.create_task(post.sender().send_some())
    await post.begun(1)
    assert await post.sender().send_some() == 0
    post.postman.open.set()
    assert await sending == 2
    assert sorted(post.postman.given) == ["a1", "b1"]


async def test_a_sender_whose_lease_was_taken_begins_nothing_more(post: Post):
    post.postman.open.clear()
    await post.write("a1", "a2", "b1")
    sending = asyncio.create_task(post.sender().send_some())
    await post.begun(1)
    await post.pool.execute("UPDATE lease SET epoch = epoch + 1")
    post.postman.open.set()
    await sending
    assert (post.postman.given, await post.states()) == (["a1"], ["sent", "pending", "pending"])


async def test_a_sender_killed_with_an_intent_in_the_gateway_leaves_it_unknown_and_the_rest_to_the_next(post: Post):
    post.postman.open.clear()
    await post.write("a1", "a2", "b1")
    running = asyncio.create_task(post.sender().run())
    await post.begun(1)
    await ended(running)
    assert await post.states() == ["sending", "pending", "pending"]
    post.postman.open.set()
    await everything(post.sender())
    assert (await post.states(), post.postman.given) == (["sending", "pending", "sent"], ["b1"]), "a2 overtakes nothing"
    assert "a2" not in post.asked
    assert await post.watch().give_up_some() == 0, "its sender may only be slow"
    await post.later()
    assert await post.watch().give_up_some() == 1
    assert await post.watch().give_up_some() == 0
    await everything(post.sender())
    assert (await post.states(), post.postman.given) == (["unknown", "sent", "sent"], ["b1", "a2"])
    assert await post.pool.fetchval("SELECT cause FROM intent WHERE state = 'unknown'") == DIED
    assert sorted(await post.told()) == ["a1 unknown", "a2 sent", "b1 sent"]


async def wait_for_house(post: Post) -> tuple[Callable[[], None], asyncio.Event]:
    """Lets every question for a house wait."""
    entered, known = asyncio.Event(), post.house

    async def house(intent: Intent) -> House:
        entered.set()
        await asyncio.Event().wait()
        return await known(intent)

    post.house = house  # type: ignore[method-assign]
    return lambda: setattr(post, "house", known), entered


async def test_a_sender_killed_before_the_gateway_leaves_everything_to_the_next(post: Post):
    mend, entered = await wait_for_house(post)
    await post.write("a1", "a2")
    running = asyncio.create_task(post.sender().run())
    await entered.wait()
    await ended(running)
    mend()
    await everything(post.sender())
    assert (post.postman.given, await post.states()) == (["a1", "a2"], ["sent", "sent"])


async def test_a_sender_killed_between_sending_and_record_sends_nothing_twice(post: Post):
    await post.write("a1")
    async with post.pool.acquire() as db, db.transaction():
        await db.execute("LOCK TABLE parcel IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(post.sender().run())
        await post.begun(1)

        async def blocked() -> int:
            return int(await post.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await eventually(blocked, bool)
        await ended(running)
    assert await post.states() == ["sending"]
    await everything(post.sender())
    await post.later()
    await post.watch().give_up_some()
    await everything(post.sender())
    assert (post.postman.given, await post.states()) == (["a1"], ["unknown"])


async def test_a_fault_of_the_program_ends_the_sender_and_what_was_in_other_hands_is_recorded(post: Post):
    await post.write("a1", "b1", "b2")
    sender = post.sender()
    sender._careful = False
    send = post.postman.send

    async def faulty(intent: Intent, recipient: House) -> Outcome:
        if intent.body["text"] == "a1":
            raise KeyError("ours")
        return await send(intent, recipient)

    post.postman.send = faulty  # type: ignore[method-assign]
    with pytest.raises(KeyError, match="ours"):
        await sender.send_some()
    assert (await post.states())[:2] == ["sending", "sent"]


async def test_what_waits_is_measured_by_its_reason(post: Post):
    await post.write("a1", "b1", "b2")
    post.unknown = {"b1": PutOff("asleep", "sleep")}
    await everything(post.sender())
    watch = post.watch()
    await watch.count_waiting()
    assert {"turn", "sleep"} <= watch.reasons
