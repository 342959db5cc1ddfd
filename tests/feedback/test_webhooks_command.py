"""`huying webhooks` shows the state of webhooks, tests them, sends again and changes secrets; the doctor names
failing ones."""

import asyncio
from datetime import timedelta

import pytest

from deploy.cli.webhooks import app
from services.feedback.webhooks.doctor_checks import webhooks
from services.feedback.webhooks.signing import SecretBox
from shared.chassis.database.pool import Pool
from tests import story
from tests.command_line import Said, commands_of
from tests.eventually import eventually
from tests.feedback.endpoints import delivering, endpoint, subscribed
from tests.feedback.senders import Repo, feedback_after
from tests.keys import KEYS


@pytest.fixture
def command(database: str, monkeypatch: pytest.MonkeyPatch) -> Said:
    return commands_of(app, database, monkeypatch)


async def doctor(pool: Pool) -> list[str]:
    async with pool.acquire() as db:
        return [str(finding) for finding in await webhooks(db)]


async def test_a_failing_webhook_is_listed_shown_and_named_by_the_doctor(pool: Pool, repository: Repo, command: Said):
    assert (await command("list"))[0] == 0
    async with endpoint(500) as hook, delivering(pool) as webhook_sender:
        id = str(await subscribed(pool, hook, types=("demand.submitted",)))
        assert (await command("list"))[0] == 0
        await feedback_after(pool, repository, *story.SUBMITTED)
        await webhook_sender.all_due()
        code, output = await command("list")
        assert (code, id in output, "failing" in output) == (1, True, True)
        code, details = await command("show", id)
        assert (code, "it answered 500" in details, "demand.submitted" in details) == (0, True, True)
        (words,) = await doctor(pool)
        assert id in words
        await pool.execute("UPDATE webhook SET failing_since = now() - interval '3 days'")
        await webhook_sender.go_on(timedelta(minutes=1))
        hook.answers.clear()
        hook.refuses = hook.asked[0]
        await webhook_sender.all_due()
        (words,) = await doctor(pool)
        assert "three days" in words
        assert (await command("list"))[0] == 1
        hook.refuses = ""
        assert (await command("enable", id))[0] == 0
        await webhook_sender.go_on(timedelta(hours=1))
        await webhook_sender.all_due()
        assert hook.types == ["demand.submitted"]
    assert (await doctor(pool))[0].startswith("webhooks: 1")
    assert (await command("disable", id))[0] == 0
    assert (await command("list"))[0] == 0, "whoever disables it knows"


async def test_a_test_shows_the_response_and_events_can_be_sent_again(pool: Pool, repository: Repo, command: Said):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        id = str(await subscribed(pool, hook))
        testing = asyncio.create_task(command("test", id))
        await eventually(webhook_sender.all_due, lambda begun: bool(begun) or testing.done())
        code, words = await testing
        assert (code, words.startswith("accepted: 204 after")) == (0, True)
        await feedback_after(pool, repository, *story.ROUTED)
        await webhook_sender.all_due()
        assert await command("redeliver", id, "--since", "2021-05-10") == (0, "3 deliveries will be sent again\n")
        await webhook_sender.all_due()
        assert await command("redeliver", id, "--event", hook.asked[1]) == (0, "1 deliveries will be sent again\n")
        assert (await command("redeliver", id))[0] == 2
    assert hook.types[3:] == ["webhook.test", "demand.submitted", "demand.routed"]


async def test_a_secret_is_changed_and_shown_once(pool: Pool, command: Said):
    async with endpoint() as hook:
        id = await subscribed(pool, hook)
    code, secret = await command("rotate", str(id))
    assert (code, secret.startswith("whsec_")) == (0, True)
    row = await pool.fetchrow("SELECT secret, secret_previous FROM webhook")
    assert SecretBox.of(str(KEYS["secret"])).open(id, row["secret"]) == secret.strip()
    assert row["secret_previous"]
    assert (await command("rotate", "01a20a65-0068-7a5b-bc0f-eb1c0ce2a65c"))[0] == 2
