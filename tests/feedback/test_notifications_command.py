"""`huying notifications` lists waiting messages with the reason, repeats only unsent ones, and cancels waiting ones."""

from uuid import UUID

import pytest

from deploy.cli.notifications import app
from services.feedback.checks import messages
from shared.chassis.base.findings import Severity
from shared.chassis.database.pool import Pool
from shared.chassis.work.intents import Rejected, RetryLater, Sent, Unknown
from shared.jurisdiction.jurisdictions import Jurisdictions
from tests import story
from tests.chassis.conftest import Log
from tests.command_line import Said, commands_of
from tests.feedback.senders import (
    Repo,
    feedback_after,
    recorded_types,
    send_all,
    sending,
    states,
    try_again,
)
from tests.feedback.test_reports import Gateway
from tests.feedback.test_sending import ONE, WITH_CONTACT
from tests.packs import nanhai

FRUGAL = {"messages_per_hour": 1}


@pytest.fixture
def command(database: str, monkeypatch: pytest.MonkeyPatch) -> Said:
    return commands_of(app, database, monkeypatch)


async def message_of(pool: Pool, repository: Repo, gateway: Gateway) -> UUID:
    await feedback_after(pool, repository, WITH_CONTACT)
    await send_all(sending(pool, repository, gateway))
    id: UUID = await pool.fetchval("SELECT id FROM intent")
    return id


async def test_a_message_that_failed_is_listed_shown_without_its_link_and_sent_again(
    pool: Pool, repository: Repo, command: Said
):
    gateway = Gateway(Rejected("no such number 13812345678"))
    id = await message_of(pool, repository, gateway)
    code, output = await command("list")
    assert (code, str(id) in output, "13812345678" in output) == (1, True, False)
    code, details = await command("show", str(id))
    assert (code, "［链接］" in details, "/follow/" in details) == (0, True, False)
    assert await command("retry", str(id)) == (0, "it will be sent next\n")
    gateway.outcome = Sent()
    await send_all(sending(pool, repository, gateway))
    assert await states(pool) == [("sent", None)]
    assert await recorded_types(pool) == ["demand.notification-failed.v1", "demand.notification-sent.v1"]
    assert await command("list") == (0, "no message waits or failed\n")
    number = await pool.fetchval("SELECT body ->> 'number' FROM intent")
    assert str(id) in (await command("list", "--number", number))[1]


async def test_a_message_with_unknown_outcome_is_repeated_only_if_confirmed(
    pool: Pool, repository: Repo, command: Said
):
    id = await message_of(pool, repository, Gateway(Unknown("silent")))
    code, output = await command("retry", str(id))
    assert (code, "--although-unknown" in output) == (1, True)
    assert await states(pool) == [("unknown", None)]
    assert (await command("retry", str(id), "--although-unknown"))[0] == 0
    assert await states(pool) == [("pending", None)]


async def test_a_sent_message_is_neither_repeated_nor_cancelled(pool: Pool, repository: Repo, command: Said):
    id = await message_of(pool, repository, Gateway(Sent()))
    for action in ("retry", "cancel"):
        code, output = await command(action, str(id))
        assert (code, "it is sent" in output) == (1, True)
    assert await states(pool) == [("sent", None)]


async def test_a_waiting_message_is_cancelled_and_its_record_says_why(pool: Pool, repository: Repo, command: Said):
    await feedback_after(pool, repository, WITH_CONTACT)
    id = await pool.fetchval("SELECT id FROM intent")
    assert (await command("cancel", str(id), "--why", "told by telephone"))[0] == 0
    gateway = Gateway(Sent())
    await send_all(sending(pool, repository, gateway))
    assert (gateway.given, await states(pool)) == (0, [("cancelled", None)])
    assert "told by telephone" in await pool.fetchval("SELECT payload FROM journal")


async def test_a_resting_gateway_is_named_by_the_list_and_the_doctor(pool: Pool, repository: Repo, command: Said):
    await feedback_after(pool, repository, WITH_CONTACT)
    gateway = Gateway(RetryLater("no credit"))
    sender = sending(pool, repository, gateway)
    await sender.send_some()
    code, output = await command("list")
    assert (code, "gateway sms gets no messages" in output, "no credit" in output) == (0, True, True)
    async with pool.acquire() as db:
        found = [str(finding) for finding in await messages(db)]
    assert any("sms gets no messages" in words and "no credit" in words for words in found)
    gateway.outcome = Sent()
    await try_again(sender)
    async with pool.acquire() as db:
        assert not any("sms" in str(finding) for finding in await messages(db))


async def test_a_message_that_does_not_exist_is_named(pool: Pool, command: Said):
    code, output = await command("show", str(UUID(int=1)))
    assert (code, "there is no message" in output) == (2, True)


async def test_messages_that_the_hourly_limit_holds_are_no_fault_and_the_doctor_says_until_when(
    pool: Pool, repository: Repo
):
    submission = story.SUBMISSION.model_copy(update={"contact": ONE})
    sender = sending(pool, repository, Gateway(Sent()), Jurisdictions([nanhai().model_copy(update=FRUGAL)]))
    for n in (1, 2, 3):  # one is sent, one reaches the limit, one waits behind it
        delivery = await feedback_after(pool, repository)
        await delivery.deliver(Log(end=n * 100).records(submission, key=UUID(int=n)))
        await send_all(sender)
    delivery = await feedback_after(pool, repository)
    await delivery.deliver(Log(end=900).records(*story.ROUTED[1:], first=2, key=UUID(int=3)))  # behind the third
    await send_all(sender)
    async with pool.acquire() as db:
        await db.execute("UPDATE intent SET created_at = created_at - interval '20 minutes'")
        waits = await db.fetch("SELECT waits FROM intent WHERE state = 'pending' ORDER BY position")
        assert {"hourly-limit", None} <= {row["waits"] for row in waits}
        (finding,) = await messages(db)
        assert (finding.severity, "messages_per_hour" in str(finding)) == (Severity.OK, True)
        assert f"messages: {len(waits)} wait because" in str(finding)
        assert "is sent in 59 minutes" in str(finding)
        assert "59分钟后发出下一条" in finding.in_chinese()
        await db.execute("UPDATE intent SET due_at = now() - interval '11 minutes' WHERE waits = 'hourly-limit'")
        (finding,) = await messages(db)
    assert (finding.severity, "have waited over ten minutes" in str(finding)) == (Severity.WARNING, True)
