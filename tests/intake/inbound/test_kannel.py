"""A real SMS gateway, Debian's Kannel with its fake message centre, delivers text messages and carries the answers."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from deploy.local.ports import free_port
from services.intake import app
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import server, web_app
from shared.contracts.demand.facts import ChannelKind
from tests.intake.conftest import settings
from tests.intake.inbound.conftest import channel, facts, kinds
from tests.kannel import kannel, kannel_installed, kannel_ports, says, words_of

WORDS = "学校门口没有路灯"
SERVICES = """mo-recode = true

group = sms-service
keyword = default
get-url = "http://127.0.0.1:{ours}/inbound/sms/sms?key={key}&from=%p&text=%a&id=%I"
max-messages = 5
concatenation = true
accept-x-kannel-headers = true
"""
pytestmark = kannel_installed


@asynccontextmanager
async def listening(database: str, pool: Pool) -> AsyncIterator[int]:
    """Intake's API on a port of its own."""
    port = free_port()
    served = server(web_app("intake", app.api(settings(database), pool).routers), "127.0.0.1", port)
    task = asyncio.create_task(served.serve())
    yield port
    served.should_exit = True
    await task


async def test_a_text_message_through_kannel_is_answered_with_its_number(
    database: str, pool: Pool, vault: Vault, tmp_path: Path
):
    key = await channel(pool, vault, ChannelKind.SMS)
    sent = f"13912345678 12345 data {quote(WORDS)}"
    async with (
        listening(database, pool) as ours,
        kannel(tmp_path, kannel_ports(), SERVICES.format(ours=ours, key=key)) as gateway,
        gateway.centre(1, sent) as centre,
    ):
        found = re.search(r"Got message 1: <12345 13912345678 ucs-2 (\S+)>", await says(centre, "Got message 1"))
        assert found
        answer = words_of(found[1]).decode("utf-16-be")
        (demand,) = await facts(pool)
        assert demand["title"] == WORDS
        assert f"编号 {demand['number']}" in answer
        assert await kinds(pool) == ["submitted"]
