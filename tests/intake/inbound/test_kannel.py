"""A real SMS gateway, Debian's Kannel with its fake message centre, delivers text messages and carries the answers."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

import pytest

from deploy.local.ports import free_port
from deploy.local.process import ManagedProcess, Program
from services.intake import app
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import server, web_app
from shared.contracts.demand.facts import ChannelKind
from tests.eventually import eventually
from tests.intake.conftest import settings
from tests.intake.inbound.conftest import channel, facts, kinds

FAKE_CENTRE = Path("/usr/lib/kannel/test/fakesmsc")
WORDS = "学校门口没有路灯"
CONFIG = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = none
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1

group = smsc
smsc = fake
smsc-id = fake
port = {centre}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sending}
sendsms-interface = 127.0.0.1
mo-recode = true
http-request-retry = 3

group = sms-service
keyword = default
get-url = "http://127.0.0.1:{ours}/inbound/sms/sms?key={key}&from=%p&text=%a&id=%I"
max-messages = 5
concatenation = true
accept-x-kannel-headers = true
"""
pytestmark = pytest.mark.skipif(
    not (shutil.which("bearerbox") and shutil.which("smsbox") and FAKE_CENTRE.exists()),
    reason="Kannel is not on this machine; on Debian: apt-get install kannel kannel-extras",
)


@asynccontextmanager
async def listening(database: str, pool: Pool) -> AsyncIterator[int]:
    """Intake's API on a port of its own."""
    port = free_port()
    served = server(web_app("intake", app.api(settings(database), pool).routers), "127.0.0.1", port)
    task = asyncio.create_task(served.serve())
    yield port
    served.should_exit = True
    await task


@asynccontextmanager
async def running(folder: Path, name: str, *command: str) -> AsyncIterator[ManagedProcess]:
    """A program that ends with the test."""
    child = ManagedProcess(Program(name, command, patience=5), folder / f"{name}.log")
    await child.start()
    yield child
    await child.stop()


async def test_a_text_message_through_kannel_is_answered_with_its_number(
    database: str, pool: Pool, vault: Vault, tmp_path: Path
):
    key = await channel(pool, vault, ChannelKind.SMS)
    async with AsyncExitStack() as stack:
        ports = {name: free_port() for name in ("admin", "boxes", "centre", "sending")}
        ours = await stack.enter_async_context(listening(database, pool))
        config = tmp_path / "kannel.conf"
        config.write_text(CONFIG.format(ours=ours, key=key, **ports))
        bearer = await stack.enter_async_context(running(tmp_path, "bearerbox", "bearerbox", str(config)))
        await says(bearer, "MAIN: Start-up done, entering mainloop")
        await stack.enter_async_context(running(tmp_path, "smsbox", "smsbox", str(config)))
        await says(bearer, "Client connected")
        sent = f"13912345678 12345 data {quote(WORDS)}"
        centre = await stack.enter_async_context(
            running(tmp_path, "fakesmsc", str(FAKE_CENTRE), "-H", "127.0.0.1", "-r", str(ports["centre"]),
                    "-m", "1", sent)
        )  # fmt: skip
        found = re.search(r"Got message 1: <12345 13912345678 ucs-2 (\S+)>", await says(centre, "Got message 1"))
        assert found
        answer = unquote_to_bytes(found[1].replace("+", " ")).decode("utf-16-be")
        (demand,) = await facts(pool)
        assert demand["title"] == WORDS
        assert f"编号 {demand['number']}" in answer
        assert await kinds(pool) == ["submitted"]


async def says(child: ManagedProcess, words: str) -> str:
    """The program's log, once these words are in it."""

    async def log() -> str:
        return child.log_path.read_text("utf-8", "replace") if child.log_path.exists() else ""

    return await eventually(log, lambda text: words in text, within=20)
