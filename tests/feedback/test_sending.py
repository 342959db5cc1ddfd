"""Messages are sent once and in order, despite a full disk, a killed sender and a second one."""

import asyncio
import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest

from services.feedback.gateways.file import FileGateway
from services.feedback.gateways.recipients import ContactMethod, Recipient, mark
from shared.chassis.database.pool import Pool
from shared.chassis.work import intent_queue as queue
from shared.chassis.work.intent_gauges import backlog
from shared.chassis.work.intent_outcomes import Ended
from shared.chassis.work.intent_queue import Queued
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intent_turns import next_intents
from shared.chassis.work.intents import Intent, IntentState, Outcome, Rejected, Sent, Unknown
from shared.contracts.demand import facts as f
from shared.jurisdiction.jurisdictions import Jurisdictions
from tests import story
from tests.chassis.conftest import Log
from tests.eventually import eventually
from tests.feedback.senders import (
    LATER,
    Repo,
    feedback_after,
    lines,
    recorded_types,
    send_all,
    sending,
    states,
    try_again,
    watching,
)
from tests.packs import nanhai

ONE, OTHER = UUID(int=7), UUID(int=8)
WITH_CONTACT = story.SUBMISSION.model_copy(update={"contact": ONE})
FOUR = (WITH_CONTACT, *story.RESOLVED[1:])
NAMES = ["submitted", "routed", "accepted", "resolved"]


async def several(pool: Pool, repository: Repo, count: int, contact: UUID = ONE) -> None:
    """Demands of one person; each causes a message that it was received."""
    submission = story.SUBMISSION.model_copy(update={"contact": contact})
    for n in range(count):
        await feedback_after(pool, repository, submission) if not n else await _another(pool, repository, submission, n)


async def _another(pool: Pool, repository: Repo, submission: f.DemandSubmitted, n: int) -> None:
    delivery = await feedback_after(pool, repository)
    await delivery.deliver(Log(end=n * 100).records(submission, key=UUID(int=n)))


async def died_in_the_middle(pool: Pool, sender: IntentSender[Recipient]) -> Queued:
    """Begin the next message as a sender does that is killed while it writes to the gateway."""
    async with pool.acquire() as db:
        queued, *_ = await next_intents(db, "message", 1)
        (recipient,) = (await sender.kind.recipients([queued.intent])).values()
        assert isinstance(recipient, Recipient)
        assert await sender.lease.try_take()
        assert await queue.begin_sending(db, sender.lease, [(queued, recipient.mark, recipient.gateway)])
    return queued


async def the_dead_sender_is_known(pool: Pool) -> None:
    async with pool.acquire() as db:
        await db.execute("UPDATE lease SET expires_at = now() - interval '1 second'")
        await db.execute("UPDATE intent SET claimed_at = now() - interval '5 minutes' WHERE state = 'sending'")


class Full:
    """Replaces `os.write`: writes this many bytes, then fails with this error."""

    def __init__(self, code: int, room: int) -> None:
        self.code, self.room = code, room
        self.write: Callable[[int, bytes], int] = os.write

    def __call__(self, file: int, words: bytes) -> int:
        if not self.room:
            raise OSError(self.code, os.strerror(self.code))
        written = self.write(file, bytes(words[: self.room]))
        self.room -= written
        return written


async def test_every_fact_with_a_message_causes_one(pool: Pool, repository: Repo, tmp_path: Path):
    delivery = await feedback_after(pool, repository, *FOUR)
    await delivery.deliver(Log().records(*FOUR))
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    assert await sender.send_some() == 4
    assert await sender.send_some() == 0
    assert "http://here/rate/" in lines(tmp_path / "out")[-1]["body"]
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert [line["template"] for line in lines(tmp_path / "out")] == NAMES
    assert await recorded_types(pool) == ["demand.notification-sent.v1"] * 4


@pytest.mark.faults
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("room", [0, 10, 400])
async def test_a_fault_of_the_file_loses_no_message_and_changes_no_order(
    pool: Pool, repository: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, room: int
):
    await feedback_after(pool, repository, *FOUR)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Full(code, room))
        for _ in range(3):
            await try_again(sender)
    assert {state for state, _ in await states(pool)} <= {"pending", "sent"}
    assert await recorded_types(pool) == ["demand.notification-sent.v1"] * len(lines(tmp_path / "out"))
    await try_again(sender)
    await send_all(sender)
    assert [line["template"] for line in lines(tmp_path / "out")] == NAMES, "each whole, once and in order"


@pytest.mark.faults
async def test_a_message_that_the_gateway_did_not_accept_does_not_count_for_the_limit(
    pool: Pool, repository: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await feedback_after(pool, repository, WITH_CONTACT)
    frugal = Jurisdictions([nanhai().model_copy(update={"messages_per_hour": 1})])
    sender = sending(pool, repository, FileGateway(tmp_path / "out"), frugal)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", Full(errno.ENOSPC, 0))
        assert await sender.send_some() == 1
    await try_again(sender)
    assert await states(pool) == [("sent", None)]


@pytest.mark.faults
async def test_a_file_that_cannot_be_opened_is_retried_until_it_can(pool: Pool, repository: Repo, tmp_path: Path):
    await feedback_after(pool, repository, *FOUR)
    out = tmp_path / "out"
    out.mkdir()
    sender = sending(pool, repository, FileGateway(out))

    async def causes() -> list[str | None]:
        async with pool.acquire() as db:
            return [row["cause"] for row in await db.fetch("SELECT cause FROM intent ORDER BY position")]

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(sender.run())
        await eventually(causes, lambda found: "Is a directory" in (found[0] or ""))
        out.rmdir()
        LATER.seconds += 60
        await eventually(lambda: states(pool), lambda found: found == [("sent", None)] * 4)
        task.cancel()
    assert [line["template"] for line in lines(out)] == NAMES


async def test_half_a_line_of_a_killed_process_damages_no_other(tmp_path: Path):
    out = tmp_path / "out"
    out.write_bytes(b'{"id": "half')
    intent = Intent(ONE, "message", story.ID, story.ID, "x", {"template": "submitted", "text": "已收到"})
    assert await FileGateway(out).send(intent, Recipient(ContactMethod.PHONE, "13800138000")) == Sent()
    assert [json.loads(line)["template"] for line in out.read_bytes().splitlines()[1:]] == ["submitted"]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Rejected("no such number"), IntentState.FAILED), (Unknown("no answer in 10 s"), IntentState.UNKNOWN)],
)
async def test_a_lasting_refusal_fails_one_message_and_an_unknown_outcome_is_never_repeated(
    pool: Pool, repository: Repo, outcome: Outcome, state: IntentState
):
    class Gateway:
        name = "gateway"
        at_once = 2
        asked = 0

        async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
            self.asked += 1
            return outcome if self.asked == 1 else Sent()

        async def close(self) -> None:
            """Nothing is open."""

    await feedback_after(pool, repository, *FOUR[:2])
    gateway = Gateway()
    sender = sending(pool, repository, gateway)
    await send_all(sender)
    await try_again(sender)
    assert (await states(pool), gateway.asked) == ([(state, None), ("sent", None)], 2)
    assert await recorded_types(pool) == ["demand.notification-failed.v1", "demand.notification-sent.v1"]


async def test_a_message_whose_sender_was_killed_is_not_sent_again(pool: Pool, repository: Repo, tmp_path: Path):
    await feedback_after(pool, repository, WITH_CONTACT)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    await died_in_the_middle(pool, sender)
    await the_dead_sender_is_known(pool)
    assert await watching(sender).give_up_some() == 1
    assert (await watching(sender).give_up_some(), await sender.send_some()) == (0, 0)
    async with pool.acquire() as db:
        (row,) = await db.fetch("SELECT type, payload FROM journal")
    assert (await states(pool), row["type"]) == ([("unknown", None)], "demand.notification-failed.v1")
    assert json.loads(row["payload"])["cause"].startswith("unknown")
    assert lines(tmp_path / "out") == []


@pytest.mark.faults
async def test_no_message_overtakes_one_whose_sender_was_killed(pool: Pool, repository: Repo, tmp_path: Path):
    await feedback_after(pool, repository, *FOUR)
    await _another(pool, repository, WITH_CONTACT, 1)
    await _another(pool, repository, story.SUBMISSION.model_copy(update={"contact": OTHER}), 2)
    await died_in_the_middle(pool, sending(pool, repository, FileGateway(tmp_path / "out")))
    next_one = sending(pool, repository, FileGateway(tmp_path / "out"))
    assert await next_one.send_some() == 0, "the lease of the dead sender still runs"
    async with pool.acquire() as db:
        await db.execute("UPDATE lease SET expires_at = now() - interval '1 second'")
    await next_one.send_some()
    assert [line["to"] for line in lines(tmp_path / "out")] == ["138****8000"], "another person waits for nobody"
    assert await states(pool) == [
        ("sending", None), *[("pending", None)] * 3, ("pending", "earlier"), ("sent", None)
    ]  # fmt: skip
    await the_dead_sender_is_known(pool)
    assert await watching(next_one).give_up_some() == 1
    await due_again(pool)
    await send_all(next_one)
    assert [line["template"] for line in lines(tmp_path / "out")][1:] == [*NAMES[1:], "submitted"]


async def due_again(pool: Pool) -> None:
    async with pool.acquire() as db:
        await db.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")


@pytest.mark.faults
async def test_a_sender_killed_before_the_gateway_delays_nothing_and_keeps_the_order(
    pool: Pool, repository: Repo, tmp_path: Path
):
    await feedback_after(pool, repository, *FOUR)
    dead, next_one = (sending(pool, repository, FileGateway(tmp_path / "out")) for _ in range(2))
    assert await dead.lease.try_take()
    async with pool.acquire() as db:
        first, *_ = await next_intents(db, "message", 10)
        await db.execute("UPDATE lease SET expires_at = now() - interval '1 second'")
    assert await next_one.send_some() == 4
    async with pool.acquire() as db:
        assert not await queue.begin_sending(db, dead.lease, [(first, b"x", "file")]), "it woke up too late"
    assert [line["template"] for line in lines(tmp_path / "out")] == NAMES


async def test_a_sender_without_the_lease_may_not_begin(pool: Pool, repository: Repo, tmp_path: Path):
    await feedback_after(pool, repository, WITH_CONTACT)
    first, second = (sending(pool, repository, FileGateway(tmp_path / "out")) for _ in range(2))
    assert (await first.lease.try_take(), await second.lease.try_take()) == (True, False)
    async with pool.acquire() as db:
        (queued,) = await next_intents(db, "message", 10)
        assert not await queue.begin_sending(db, second.lease, [(queued, b"x", "file")])
        assert await queue.begin_sending(db, first.lease, [(queued, b"x", "file")]) == {queued.intent.id: 1}


@pytest.mark.faults
async def test_two_senders_keep_the_order_for_each_person(pool: Pool, repository: Repo, tmp_path: Path):
    delivery = await feedback_after(pool, repository)
    for n in range(1, 13):
        demand_lines = story.SUBMISSION.model_copy(update={"contact": UUID(int=n)})
        await delivery.deliver(Log(end=n * 100).records(demand_lines, *story.RESOLVED[1:], key=UUID(int=n)))
    async with asyncio.TaskGroup() as tasks:
        senders = [tasks.create_task(sending(pool, repository, FileGateway(tmp_path / "out")).run()) for _ in range(2)]
        await eventually(lambda: states(pool), lambda found: all(state == "sent" for state, _ in found))
        for task in senders:
            task.cancel()
    sent = lines(tmp_path / "out")
    assert len(sent) == len({line["id"] for line in sent}) == 48
    by_demand = {
        line["demand_id"]: [other["template"] for other in sent if other["demand_id"] == line["demand_id"]]
        for line in sent
    }
    assert all(demand_lines == NAMES for demand_lines in by_demand.values())


async def test_a_slow_sender_still_records_its_outcome(pool: Pool, repository: Repo, tmp_path: Path):
    await feedback_after(pool, repository, WITH_CONTACT)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    queued = await died_in_the_middle(pool, sender)
    await the_dead_sender_is_known(pool)
    await watching(sender).give_up_some()
    await sender.outcomes.record(Ended(queued.intent, 1, IntentState.SENT))
    assert await recorded_types(pool) == ["demand.notification-failed.v1", "demand.notification-sent.v1"]


async def test_messages_in_progress_are_found_without_reading_all(pool: Pool):
    async with pool.acquire() as db:
        await db.execute(
            """
            INSERT INTO intent (id, kind, key, about, line, body)
            SELECT gen_random_uuid(), 'message', gen_random_uuid(), gen_random_uuid(), n::text, '{}'
            FROM generate_series(1, 5000) AS n
            """
        )
        await db.execute("ANALYZE intent")
        plan = await db.fetch("EXPLAIN SELECT id FROM intent WHERE state = 'sending' AND claimed_at < now()")
    assert "intent_in_the_middle" in str(plan)


async def test_one_address_gets_a_limited_number_of_messages_an_hour_and_the_rest_later(
    pool: Pool, repository: Repo, tmp_path: Path
):
    limit = nanhai().messages_per_hour
    await several(pool, repository, limit + 6)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    await send_all(sender)
    assert len(lines(tmp_path / "out")) == limit
    assert await states(pool) == [
        *[("sent", None)] * limit,
        *[("pending", "hourly-limit")] * 6,
    ]
    await an_hour_later(pool)
    await send_all(sender)
    assert [state for state, _ in await states(pool)] == ["sent"] * (limit + 6)
    demands = [line["demand_id"] for line in lines(tmp_path / "out")]
    assert demands == [str(story.ID), *(str(UUID(int=n)) for n in range(1, limit + 6))]


async def an_hour_later(pool: Pool) -> None:
    async with pool.acquire() as db:
        await db.execute("UPDATE intent_reached SET at = at - interval '1 hour'")
    await due_again(pool)


async def test_held_messages_of_one_demand_are_sent_with_its_last_one(pool: Pool, repository: Repo, tmp_path: Path):
    frugal = Jurisdictions([nanhai().model_copy(update={"messages_per_hour": 1})])
    await feedback_after(pool, repository, *FOUR)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"), frugal)
    await send_all(sender)
    assert [line["template"] for line in lines(tmp_path / "out")] == ["submitted"]
    await an_hour_later(pool)
    await send_all(sender)
    assert [line["template"] for line in lines(tmp_path / "out")] == ["submitted", "resolved"]
    assert [state for state, _ in await states(pool)] == ["sent", "merged", "merged", "sent"]


async def test_one_address_gets_a_message_once_even_with_several_contacts(pool: Pool, repository: Repo, tmp_path: Path):
    await feedback_after(pool, repository, WITH_CONTACT)
    async with pool.acquire() as db:
        await db.execute(
            """
            INSERT INTO intent (id, kind, key, about, line, body)
            SELECT md5(n::text)::uuid, kind, key, about, line, body
            FROM intent, generate_series(1, 12) AS n
            """
        )
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    await send_all(sender)
    assert len(lines(tmp_path / "out")) == 1
    assert [state for state, _ in await states(pool)] == ["sent", *["merged"] * 12]


async def test_the_limit_of_one_address_delays_no_other(pool: Pool, repository: Repo, tmp_path: Path):
    await several(pool, repository, nanhai().messages_per_hour + 1)
    await _another(pool, repository, story.SUBMISSION.model_copy(update={"contact": OTHER}), 99)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    await send_all(sender)
    assert str(UUID(int=99)) in {line["demand_id"] for line in lines(tmp_path / "out")}


async def test_addresses_are_stored_only_as_marks_that_need_the_secret(pool: Pool, repository: Repo, tmp_path: Path):
    await several(pool, repository, nanhai().messages_per_hour + 1)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    await send_all(sender)
    async with pool.acquire() as db:
        marks = [row["recipient"] for row in await db.fetch("SELECT recipient FROM intent_reached")]
        marks += [row["recipient"] for row in await db.fetch("SELECT recipient FROM intent WHERE waits IS NOT NULL")]
        count = await db.fetchval("SELECT count(*) FROM intent WHERE state = 'sent' AND recipient IS NOT NULL")
    assert (len(set(marks)), count) == (1, 0)
    assert marks[0] != mark(ContactMethod.PHONE, "13800078000", "another secret")


@pytest.mark.parametrize("written", ["+86 138-0013-8000", "008613800138000", " 138 0013 8000"])
def test_one_telephone_has_one_mark_in_every_spelling(written: str):
    assert mark(ContactMethod.PHONE, written, "s") == mark(ContactMethod.PHONE, "13800138000", "s")


async def test_waiting_messages_are_counted(pool: Pool, repository: Repo, tmp_path: Path):
    await several(pool, repository, nanhai().messages_per_hour + 2)
    sender = sending(pool, repository, FileGateway(tmp_path / "out"))
    await send_all(sender)
    async with pool.acquire() as db:
        ((reason, messages, oldest),) = await backlog(db, "message")
    assert (reason, messages, oldest > 0) == ("hourly-limit", 2, True)
