"""A real SMS gateway, Debian's Kannel with its fake message centre, delivers text messages and sends the replies."""

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
from tests.eventually import eventually
from tests.intake.conftest import settings
from tests.intake.inbound.conftest import channel, facts, kinds
from tests.intake.test_notes import stands_at
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
UNCOMBINED = "sms-combine-concatenated-mo = false"
PARTS_APART = SERVICES.replace("&id=%I", "&id=%I&udh=%u") + "omit-empty = true\n"
VERDICT = "不满意 水还在漏，" + "墙也湿了，" * 20
"""A reply of 113 characters: two parts of at most 67."""
pytestmark = kannel_installed


@asynccontextmanager
async def listening(database: str, pool: Pool) -> AsyncIterator[int]:
    """Intake's API on its own port."""
    port = free_port()
    application_server = server(web_app("intake", app.api(settings(database), pool).routers), "127.0.0.1", port)
    task = asyncio.create_task(application_server.serve())
    yield port
    application_server.should_exit = True
    await task


async def test_a_text_message_through_kannel_is_answered_with_the_number(
    database: str, pool: Pool, vault: Vault, tmp_path: Path
):
    key = await channel(pool, vault, ChannelKind.SMS)
    message = f"13912345678 12345 data {quote(WORDS)}"
    async with (
        listening(database, pool) as port,
        kannel(tmp_path, kannel_ports(), SERVICES.format(ours=port, key=key)) as gateway,
        gateway.centre(1, message) as centre,
    ):
        match = re.search(r"Got message 1: <12345 13912345678 ucs-2 (\S+)>", await says(centre, "Got message 1"))
        assert match
        answer = words_of(match[1]).decode("utf-16-be")
        (demand,) = await facts(pool)
        assert demand["title"] == WORDS
        assert f"编号 {demand['number']}" in answer
        assert await kinds(pool) == ["submitted"]


PHONE = "13912345678 12345"


async def test_a_long_reply_that_kannel_delivers_in_parts_is_one_verdict(
    database: str, pool: Pool, vault: Vault, tmp_path: Path
):
    key = await channel(pool, vault, ChannelKind.SMS)
    async with (
        listening(database, pool) as port,
        kannel(tmp_path, kannel_ports(), PARTS_APART.format(ours=port, key=key), UNCOMBINED) as gateway,
    ):
        async with gateway.centre(1, f"{PHONE} data {quote(WORDS)}"):
            (demand,) = await eventually(lambda: facts(pool), bool)
        await stands_at(pool, demand["number"], "resolved")
        for n, words in enumerate((VERDICT[:60], VERDICT[60:]), 1):
            header = quote(bytes((5, 0, 3, 7, 2, n)))
            async with gateway.centre(1, f"{PHONE} udh-data {header} {quote(words)}"):
                await eventually(lambda n=n: kept(pool), lambda count, n=n: count == n)
        all_facts = await eventually(lambda: facts(pool), lambda all_told: len(all_told) == 2)
    assert (all_facts[1]["rating"], all_facts[1]["comment"].count("墙也湿了")) == (2, 20)


async def kept(pool: Pool) -> int:
    """The received parts of texts."""
    count: int = await pool.fetchval("SELECT count(*) FROM text_part")
    return count
