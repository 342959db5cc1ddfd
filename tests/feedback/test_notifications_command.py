"""`huying notifications` shows what waits and why, sends again only what did not go out, and ends what waits."""

from uuid import UUID

import pytest

from deploy.cli.notifications import app
from services.feedback.checks import messages
from shared.chassis.database.pool import Pool
from shared.chassis.work.intents import Rejected, RetryLater, Sent, Unknown
from tests.command_line import Said, commands_of
from tests.feedback.office import Book, heard, send_all, sending, states, told_here, try_again
from tests.feedback.test_reports import Gateway
from tests.feedback.test_sending import WITH_CONTACT


@pytest.fixture
def said(database: str, monkeypatch: pytest.MonkeyPatch) -> Said:
    return commands_of(app, database, monkeypatch)


async def message_of(pool: Pool, repository: Book, gateway: Gateway) -> UUID:
    await heard(pool, repository, WITH_CONTACT)
    await send_all(sending(pool, repository, gateway))
    id: UUID = await pool.fetchval("SELECT id FROM intent")
    return id


async def test_a_message_that_failed_is_listed_shown_without_its_link_and_sent_again(
    pool: Pool, repository: Book, said: Said
):
    gateway = Gateway(Rejected("no such number 13812345678"))
    id = await message_of(pool, repository, gateway)
    code, listed = await said("list")
    assert (code, str(id) in listed, "13812345678" in listed) == (1, True, False)
    code, shown = await said("show", str(id))
    assert (code, "［链接］" in shown, "/follow/" in shown) == (0, True, False)
    assert await said("retry", str(id)) == (0, "it is the next to be sent\n")
    gateway.outcome = Sent()
    await send_all(sending(pool, repository, gateway))
    assert await states(pool) == [("sent", None)]
    assert await told_here(pool) == ["demand.notification-failed.v1", "demand.notification-sent.v1"]
    assert await said("list") == (0, "no such message\n")
    number = await pool.fetchval("SELECT body ->> 'number' FROM intent")
    assert str(id) in (await said("list", "--number", number))[1]


async def test_nobody_repeats_an_unknown_outcome_without_saying_so(pool: Pool, repository: Book, said: Said):
    id = await message_of(pool, repository, Gateway(Unknown("silent")))
    code, told = await said("retry", str(id))
    assert (code, "--although-unknown" in told) == (1, True)
    assert await states(pool) == [("unknown", None)]
    assert (await said("retry", str(id), "--although-unknown"))[0] == 0
    assert await states(pool) == [("pending", None)]


async def test_what_was_sent_is_neither_repeated_nor_cancelled(pool: Pool, repository: Book, said: Said):
    id = await message_of(pool, repository, Gateway(Sent()))
    for command in ("retry", "cancel"):
        code, told = await said(command, str(id))
        assert (code, "it is sent" in told) == (1, True)
    assert await states(pool) == [("sent", None)]


async def test_what_waits_is_cancelled_and_its_record_says_why(pool: Pool, repository: Book, said: Said):
    await heard(pool, repository, WITH_CONTACT)
    id = await pool.fetchval("SELECT id FROM intent")
    assert (await said("cancel", str(id), "--why", "told by telephone"))[0] == 0
    gateway = Gateway(Sent())
    await send_all(sending(pool, repository, gateway))
    assert (gateway.given, await states(pool)) == (0, [("cancelled", None)])
    assert "told by telephone" in await pool.fetchval("SELECT payload FROM journal")


async def test_a_gateway_that_rests_is_named_by_the_list_and_the_doctor(pool: Pool, repository: Book, said: Said):
    await heard(pool, repository, WITH_CONTACT)
    gateway = Gateway(RetryLater("no credit"))
    sender = sending(pool, repository, gateway)
    await sender.send_some()
    code, listed = await said("list")
    assert (code, "gateway sms rests" in listed, "no credit" in listed) == (0, True, True)
    async with pool.acquire() as db:
        found = [str(finding) for finding in await messages(db)]
    assert any("sms is given nothing" in words and "no credit" in words for words in found)
    gateway.outcome = Sent()
    await try_again(sender)
    async with pool.acquire() as db:
        assert not any("sms" in str(finding) for finding in await messages(db))


async def test_a_message_that_is_not_there_is_named(pool: Pool, said: Said):
    code, told = await said("show", str(UUID(int=1)))
    assert (code, "there is no message" in told) == (2, True)
