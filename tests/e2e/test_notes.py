"""A citizen's letter goes through everything: taken in by mail, withdrawn by its number, closed, seen with its code."""

import smtplib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import httpx
import pytest

from deploy.cli.channels import keys
from deploy.local.deployment import PROCESSES, Options, Running, deployed
from deploy.local.ports import free_port
from tests.conftest import reachable
from tests.e2e.conftest import huying
from tests.eventually import eventually

pytestmark = pytest.mark.kafka
BOX = "demands@nanhai.example"


@pytest.fixture(scope="module")
async def with_mail(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Everything up, with a mailbox."""
    directory = reachable(tmp_path_factory, "with-mail")
    env = {"HUYING_MAIL_PORT": str(free_port()), "HUYING_MAIL_PROTOCOL": "smtp"}
    options = Options(directory=directory, port=0, processes=(*PROCESSES, "intake-mail"), env=env)
    async with deployed(options) as found:
        yield found


async def test_a_letter_is_taken_withdrawn_closed_and_followed(with_mail: Running):
    setting = huying(with_mail, "channel", "set", "email", f"mailbox={BOX}", "division=440605000000")
    said, _ = setting.communicate(timeout=60)
    assert setting.returncode == 0, said
    deliver(int(with_mail.options.env["HUYING_MAIL_PORT"]))
    key = keys(with_mail.options.directory / "channels.json")["email"]
    async with httpx.AsyncClient(base_url=with_mail.url, headers={"X-API-Key": key}) as client:
        (demand,) = (await client.get("/v1/demands")).json()["demands"]
        assert demand["title"] == "路灯坏了"
        where = f"/v1/demands/{demand['number']}"

        async def standing() -> tuple[str, str | None]:
            found = (await client.get(where)).json()
            return found["status"], found["outcome"]

        await eventually(standing, lambda now: now[0] == "triage")
        asked = await client.post(f"{where}/withdrawal", json={}, headers={"Idempotency-Key": "w1"})
        assert asked.status_code == 202, asked.text
        await eventually(standing, lambda now: now == ("closed", "withdrawn"))


def deliver(port: int) -> None:
    """Hand a letter over as a mail system does."""
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"], letter["Message-ID"] = "zou@example.net", BOX, "路灯坏了", "<1@x>"
    letter.set_content("学校门口")
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as line:
        line.send_message(letter)
