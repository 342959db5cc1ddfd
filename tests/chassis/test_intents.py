"""Intents are sent once, and in order for each recipient, despite kills, faults and a second sender."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work import intent_lookahead, intents
from shared.chassis.work.circuit_records import open_circuits
from shared.chassis.work.circuits import IN_A_ROW
from shared.chassis.work.intent_gauges import of_intents
from shared.chassis.work.intent_outcomes import TRIES
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_turns import next_intents
from shared.chassis.work.intent_watch import DIED, IntentWatch
from shared.chassis.work.intents import (
    Found,
    Intent,
    IntentKind,
    IntentState,
    NoRecipient,
    Outcome,
    PutOff,
    RecipientsUnavailable,
    Rejected,
    RetryLater,
    Sent,
    TryAgain,
    Unknown,
)
from shared.chassis.work.table_gauges import TableGauges
from tests.chassis.parcels import Step, make_tables, parcels, step, steps
from tests.eventually import ended, eventually
from tests.story import AT

PARCEL = UUID(int=1)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class House:
    """The recipient of an intent."""

    name: str

    gateway: str = "postman"

    @property
    def mark(self) -> bytes:
        return self.name.encode()


@dataclass
class Postman:
    """A gateway that records what it was given; it can return another outcome, or wait until it may go on."""

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

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Post:
    """A queue of intents, the lookup of recipients, and the gateway."""

    pool: Pool
    postman: Postman = field(default_factory=Postman)
    other: Postman = field(default_factory=lambda: Postman("other"))
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    unknown: dict[str, Exception] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.postman.open.set()
        self.other.open.set()

    async def write(self, *texts: str, mass: bool = False) -> None:
        """Intents such as `a1`: the first of line `a`, for house `a`; with line `a@b`, for house `b`. `mass`: they
        are mass messages."""
        writes = WriteBatch()
        ids = {text: UUID(bytes=text.rjust(16).encode()) for text in texts}
        body_fields = {"mass": True} if mass else {}
        new_intents = [
            Intent(id, "letter", PARCEL, id, line(text), {"text": text, **body_fields}) for text, id in ids.items()
        ]
        intents.put(writes, new_intents)
        async with self.pool.acquire() as db:
            await writes.write(db)

    async def houses(self, intents: Sequence[Intent]) -> Found[House]:
        """The recipients of intents; every lookup is recorded."""
        self.asked += [intent.body["text"] for intent in intents]
        for outcome in (self.unknown.get(intent.body["text"]) for intent in intents):
            if isinstance(outcome, RecipientsUnavailable):
                raise outcome
        return {intent.id: self._house(intent.body["text"]) for intent in intents}

    def _house(self, text: str) -> House | NoRecipient | PutOff:
        outcome = self.unknown.get(text)
        if isinstance(outcome, NoRecipient | PutOff):
            return outcome
        name, _, house = line(text).partition("@")
        return House(house or name, "other" if name.startswith("o") else "postman")

    @property
    def kind(self) -> IntentKind[House]:
        def notes(intent: Intent, state: IntentState, cause: str | None, via: str) -> Sequence[Step]:
            return [Step(name=f"{intent.body['text']} {state}")]

        gateways = [self.postman, self.other]
        return IntentKind("letter", parcels(), gateways, self.houses, notes, lambda intent: 1000)

    def sender(self, proven: bool = False) -> IntentSender[House]:
        sender = IntentSender(self.pool, self.kind, clock=lambda: AT, ticks=lambda: self.seconds, grace=0)
        for circuit in sender.circuits.values():
            circuit.proven = proven
        return sender

    async def rested(self, sender: IntentSender[House]) -> int:
        """Send after every gateway's rest is over."""
        self.seconds += 60
        return await sender.send_some()

    def watch(self) -> IntentWatch:
        return IntentWatch(self.pool, self.kind, clock=lambda: AT)

    async def states(self) -> list[str]:
        """The state of each intent, in order."""
        return [row["state"] for row in await self.pool.fetch("SELECT state FROM intent ORDER BY position")]

    async def outcomes(self) -> list[str]:
        """The outcomes in the journal."""
        return (await steps(self.pool, PARCEL))[1:]

    async def later(self) -> None:
        """Move the clock on, so that a dead sender's lease has ended and postponed intents are due."""
        await self.pool.execute("UPDATE intent SET claimed_at = now() - interval '5 minutes' WHERE state = 'sending'")
        await self.pool.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")
        await self.pool.execute("UPDATE lease SET expires_at = now() - interval '1 second'")

    async def begun(self, count: int) -> None:
        """Wait until this many intents are at the gateway."""

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


async def test_an_intent_is_sent_once_and_its_outcome_is_recorded(post: Post):
    await post.write("a1")
    await post.write("a1")
    sender = post.sender()
    assert (await sender.send_some(), await sender.send_some()) == (1, 0)
    assert (post.postman.given, await post.states(), await post.outcomes()) == (["a1"], ["sent"], ["a1 sent"])


@pytest.mark.parametrize(
    ("outcome", "state"), [(Rejected("no such house"), IntentState.FAILED), (Unknown("no answer"), IntentState.UNKNOWN)]
)
async def test_rejected_and_unknown_outcomes_are_recorded_and_never_sent_again(
    post: Post, outcome: Outcome, state: IntentState
):
    post.postman.answers["a1"] = outcome
    await post.write("a1", "a2")
    await everything(post.sender(proven=True))
    assert (post.postman.given, await post.states()) == (["a1", "a2"], [state, "sent"])
    assert await post.outcomes() == [f"a1 {state}", "a2 sent"]


async def test_an_intent_that_the_gateway_takes_later_is_sent_again_in_order_and_recorded_only_then(post: Post):
    post.postman.answers["a1"] = RetryLater("full")
    await post.write("a1", "a2", "b1")
    sender = post.sender()
    assert (await sender.send_some(), await sender.send_some()) == (1, 0), "it rests"
    assert await post.rested(sender) == 1, "one alone tries"
    assert (post.postman.given, await post.states()) == (["a1", "a1"], ["pending"] * 3)
    assert await post.outcomes() == []
    post.postman.answers.clear()
    await post.rested(sender)
    await everything(sender)
    assert [text for text in post.postman.given[2:] if text != "b1"] == ["a1", "a2"]
    assert await post.states() == ["sent"] * 3


async def test_a_gateway_that_rests_delays_no_other_and_is_shown(post: Post):
    post.postman.answers["a1"] = RetryLater("full")
    await post.write("a1", "b1", "o1", "c1", "o2", "oo1")
    sender = post.sender()
    await everything(sender)
    assert (post.postman.given, sorted(post.other.given)) == (["a1"], ["o1", "o2", "oo1"])
    assert await post.pool.fetchval("SELECT count(*) FROM intent WHERE waits = 'gateway' AND via = 'postman'") == 3
    (circuit,) = await open_circuits(post.pool)
    assert (circuit.gateway, circuit.cause) == ("postman", "full")
    post.postman.answers.clear()
    await post.rested(sender)
    await everything(sender)
    assert await post.states() == ["sent"] * 6
    assert await open_circuits(post.pool) == []


async def test_an_intent_that_is_not_accepted_is_retried_and_finally_given_up(post: Post):
    post.postman.answers["a1"] = TryAgain("busy")
    await post.write("a1", "a2", "b1")
    sender = post.sender(proven=True)
    await everything(sender)
    assert await post.states() == ["pending", "pending", "sent"], "nothing of its line overtakes it"
    assert await post.pool.fetchval("SELECT waits FROM intent WHERE due_at > now()") == "retry"
    for _ in range(TRIES - 1):
        await post.later()
        await post.rested(sender)
        await everything(sender)
    await post.rested(sender)
    await everything(sender)
    assert (post.postman.given.count("a1"), await post.states()) == (TRIES, ["failed", "sent", "sent"])
    assert "busy" in await post.pool.fetchval("SELECT cause FROM intent WHERE state = 'failed'")


async def test_a_gateway_that_hangs_repeatedly_gets_no_more_intents(post: Post):
    texts = [f"{name}1" for name in "abcdefghijklmnop"]
    post.postman.answers = dict.fromkeys(texts, Unknown("no answer"))
    post.postman.at_once = 2
    await post.write(*texts)
    sender = post.sender(proven=True)
    await everything(sender)
    given_before = len(post.postman.given)
    assert given_before <= IN_A_ROW + post.postman.at_once
    assert await post.rested(sender) == 1, "one alone tries"
    assert len(post.postman.given) == given_before + 1


async def test_while_recipients_cannot_be_looked_up_one_alone_is_requested_and_nothing_is_sent(post: Post):
    await post.write("a1", "b1", "c1")
    post.unknown = dict.fromkeys(["a1", "b1", "c1"], RecipientsUnavailable("silent"))
    sender = post.sender()
    sender.circuits["other"].rests_until = 100
    for _ in range(2):
        with pytest.raises(RecipientsUnavailable, match="silent"):
            await sender.send_some()
    assert (post.asked, post.postman.given) == (["a1", "a1"], [])
    post.unknown.clear()
    await everything(sender)
    assert await post.states() == ["sent"] * 3


async def test_an_intent_without_recipient_is_skipped_and_a_postponed_one_delays_only_its_line(post: Post):
    await post.write("a1", "a2", "b1", "b2", "c1")
    post.unknown = {"a1": NoRecipient("moved away"), "b1": PutOff("asleep", "sleep")}
    await everything(post.sender())
    assert await post.states() == ["skipped", "sent", "pending", "pending", "sent"]
    assert await post.pool.fetch("SELECT waits, cause FROM intent WHERE failures = 1 AND state = 'pending'") == [
        ("sleep", "asleep")
    ]
    post.unknown.clear()
    await post.later()
    await everything(post.sender())
    assert [text for text in post.postman.given if text.startswith("b")] == ["b1", "b2"]


async def test_different_recipients_are_served_side_by_side_and_each_in_order(post: Post):
    post.postman.open.clear()
    lines = "abcdefg"
    await post.write(*(f"{name}{n}" for n in range(1, 4) for name in lines))
    task = asyncio.create_task(post.sender(proven=True).send_some())
    await post.begun(len(lines))
    assert sorted(post.postman.begun) == [f"{name}1" for name in lines], "one of each line is on its way"
    post.postman.open.set()
    await task
    for name in lines:
        assert [text for text in post.postman.given if text.startswith(name)] == [f"{name}{n}" for n in range(1, 4)]


async def test_intents_after_one_that_ended_during_a_query_are_sent_too(post: Post, monkeypatch: pytest.MonkeyPatch):
    looks, look = 0, intent_lookahead.next_intents

    async def look_that_ends_late(*question: Any) -> Any:
        nonlocal looks
        looks += 1
        heads = await look(*question)
        if looks == 2:
            post.postman.open.set()
            await eventually(post.states, lambda states: states[0] == "sent")
        return heads

    monkeypatch.setattr(intent_lookahead, "next_intents", look_that_ends_late)
    post.postman.open.clear()
    await post.write("a1", "a2")
    await post.sender(proven=True).send_some()
    assert post.postman.given == ["a1", "a2"]
    assert looks > 2


async def test_no_more_intents_are_at_the_gateway_than_it_takes_at_once(post: Post):
    post.postman.open.clear()
    post.postman.at_once = 2
    await post.write(*(f"{name}1" for name in "abcde"))
    task = asyncio.create_task(post.sender(proven=True).send_some())
    await post.begun(2)
    assert await post.states() == ["sending", "sending", "pending", "pending", "pending"]
    post.postman.open.set()
    assert await task == 5


async def test_lines_to_the_same_recipient_keep_their_common_order(post: Post):
    texts = ["a@x1", "b@x1", "a@x2", "c@y1", "b@x2", "a@x3"]
    await post.write(*texts)
    await everything(post.sender())
    assert [text for text in post.postman.given if "@x" in text] == [text for text in texts if "@x" in text]


async def test_of_two_senders_one_sends_and_the_other_waits(post: Post):
    post.postman.open.clear()
    await post.write("a1", "b1")
    task = asyncio.create_task(post.sender().send_some())
    await post.begun(1)
    assert await post.sender().send_some() == 0
    post.postman.open.set()
    assert await task == 2
    assert sorted(post.postman.given) == ["a1", "b1"]


async def test_a_sender_whose_lease_was_taken_begins_nothing_more(post: Post):
    post.postman.open.clear()
    await post.write("a1", "a2", "b1")
    task = asyncio.create_task(post.sender().send_some())
    await post.begun(1)
    await post.pool.execute("UPDATE lease SET epoch = epoch + 1")
    post.postman.open.set()
    await task
    assert (post.postman.given, await post.states()) == (["a1"], ["sent", "pending", "pending"])


async def test_a_sender_killed_while_sending_leaves_that_intent_unknown_and_the_rest_to_the_next_sender(post: Post):
    post.postman.open.clear()
    await post.write("a1", "a2", "b1")
    task = asyncio.create_task(post.sender().run())
    await post.begun(1)
    await ended(task)
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
    assert sorted(await post.outcomes()) == ["a1 unknown", "a2 sent", "b1 sent"]


async def test_a_sender_killed_before_sending_leaves_everything_to_the_next_sender(post: Post):
    entered, lookup = asyncio.Event(), post.houses

    async def houses(intents: Sequence[Intent]) -> Found[House]:
        entered.set()
        await asyncio.Event().wait()
        return await lookup(intents)

    await post.write("a1", "a2")
    post.houses = houses  # type: ignore[method-assign]
    task = asyncio.create_task(post.sender().run())
    await entered.wait()
    await ended(task)
    post.houses = lookup  # type: ignore[method-assign]
    await everything(post.sender())
    assert (post.postman.given, await post.states()) == (["a1", "a2"], ["sent", "sent"])


async def test_a_sender_that_ends_after_sending_still_records_the_outcome(post: Post):
    await post.write("a1")
    async with post.pool.acquire() as db, db.transaction():
        await db.execute("LOCK TABLE parcel IN ACCESS EXCLUSIVE MODE")
        task = asyncio.create_task(post.sender().run())
        await post.begun(1)

        async def blocked() -> int:
            return int(await post.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

        await eventually(blocked, bool)
        await ended(task)
    await eventually(post.states, lambda states: states == ["sent"])
    await everything(post.sender())
    assert (post.postman.given, await post.outcomes()) == (["a1"], ["a1 sent"])


@pytest.mark.parametrize("turns", range(6))
async def test_a_sender_that_is_cancelled_just_as_a_message_goes_out_ends(post: Post, turns: int):
    # `asyncio.wait_for` of Python 3.11 lost the cancellation after one to three turns of the loop.
    post.postman.open.clear()
    await post.write("a1")
    sending = asyncio.create_task(post.sender().run())
    await post.begun(1)
    post.postman.open.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    await ended(sending)


async def test_a_fault_of_the_program_ends_the_sender_and_outcomes_of_the_others_are_recorded(post: Post):
    await post.write("a1", "b1", "b2")
    sender = post.sender(proven=True)
    send = post.postman.send

    async def faulty(intent: Intent, recipient: House) -> Outcome:
        if intent.body["text"] == "a1":
            raise KeyError("ours")
        return await send(intent, recipient)

    post.postman.send = faulty  # type: ignore[method-assign]
    with pytest.raises(KeyError, match="ours"):
        await sender.send_some()
    assert (await post.states())[:2] == ["sending", "sent"]


async def test_waiting_intents_are_measured_by_reason(post: Post):
    await post.write("a1", "b1", "b2")
    post.unknown = {"b1": PutOff("asleep", "sleep")}
    await everything(post.sender())
    await TableGauges("a service", post.pool, of_intents(post.kind.name)).look()

    def waiting(reason: str) -> float | None:
        return REGISTRY.get_sample_value("huying_messages_waiting", {"why": reason})

    assert (waiting("sleep"), waiting("turn"), waiting("gateway")) == (1, 1, 0)
    await post.pool.execute("UPDATE intent SET state = 'unknown' WHERE state = 'pending'")
    await TableGauges("a service", post.pool, of_intents(post.kind.name)).look()
    not_sent = {s: REGISTRY.get_sample_value("huying_messages_not_sent", {"state": s}) for s in ("failed", "unknown")}
    assert (waiting("sleep"), not_sent) == (None, {"failed": 0, "unknown": 2})


async def test_recipients_of_the_next_intents_are_looked_up_while_the_gateway_is_busy(post: Post):
    post.postman.at_once, post.other.at_once = 2, 0
    await post.write("a1", "b1", "c1", "d1", "e1", "f1")
    post.postman.open.clear()
    task = asyncio.create_task(everything(post.sender(proven=True)))

    async def asked() -> list[str]:
        return list(post.asked)

    await eventually(asked, lambda lookups: lookups == ["a1", "b1", "c1", "d1"])
    assert await post.states() == ["sending", "sending", "pending", "pending", "pending", "pending"]
    post.postman.open.set()
    await task
    assert (await post.states(), sorted(post.asked)) == (["sent"] * 6, ["a1", "b1", "c1", "d1", "e1", "f1"])


async def test_an_intent_that_was_looked_up_ahead_and_then_cancelled_is_not_sent(post: Post):
    post.postman.at_once, post.other.at_once = 1, 0
    await post.write("a1", "b1")
    post.postman.open.clear()
    task = asyncio.create_task(everything(post.sender(proven=True)))

    async def asked() -> list[str]:
        return list(post.asked)

    await eventually(asked, lambda lookups: lookups == ["a1", "b1"])
    await post.pool.execute("UPDATE intent SET state = 'cancelled' WHERE body ->> 'text' = 'b1'")
    post.postman.open.set()
    await task
    assert (post.postman.given, await post.states()) == (["a1"], ["sent", "cancelled"])


async def test_intents_that_come_while_one_hangs_do_not_wait_for_it(post: Post):
    await post.write("a1")
    post.postman.open.clear()
    task = asyncio.create_task(everything(post.sender(proven=True)))
    await post.begun(1)
    await post.write("b1", "o1")
    await post.begun(2)

    async def other() -> list[str]:
        return post.other.given

    assert await eventually(other, bool) == ["o1"]
    post.postman.open.set()
    await task
    assert await post.states() == ["sent", "sent", "sent"]


async def test_single_messages_do_not_wait_for_mass_messages(post: Post):
    """For example the end of a demand with thousands of supporters: half of the room stays free for other messages."""
    post.postman.at_once, post.other.at_once = 4, 0
    await post.write(*(f"{letter}1" for letter in LETTERS[:12]), mass=True)
    post.postman.open.clear()
    task = asyncio.create_task(everything(post.sender(proven=True)))
    await post.begun(2)
    await post.write("x1", "y1")
    await post.begun(4)
    assert post.postman.begun == ["a1", "b1", "x1", "y1"]
    post.postman.open.set()
    await task
    assert post.postman.given[4:] == [f"{letter}1" for letter in LETTERS[2:12]]


@pytest.mark.parametrize("at_once", [1, 40])
async def test_mass_messages_are_sent_though_single_ones_keep_coming(post: Post, at_once: int):
    post.postman.at_once, post.other.at_once = at_once, 0
    await post.write("m1", "n1", mass=True)
    alone = [f"{first}{second}1" for first in "abcd" for second in LETTERS]
    await post.write(*alone)
    await everything(post.sender(proven=True))
    assert post.postman.given.index("m1") < 2 * max(at_once, 10)
    assert sorted(post.postman.given) == sorted([*alone, "m1", "n1"])


async def test_the_query_for_the_next_intents_reads_only_those_that_are_taken(post: Post):
    """The table has no statistics yet, as after a sudden rush: the query must not read the whole queue."""
    await post.write(*(f"{first}{second}1" for first in LETTERS for second in LETTERS))
    async with post.pool.acquire() as db, db.transaction():
        heads = await next_intents(db, "letter", 10)
        rows_read = await db.fetchval(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'intent'::regclass"
        )
    assert (len(heads), rows_read < 200) == (10, True)
