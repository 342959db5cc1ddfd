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


PHONE = "13912345678 12345"


async def test_a_long_reply_whose_parts_kannel_passes_on_one_by_one_is_one_verdict(
    database: str, pool: Pool, vault: Vault, tmp_path: Path
):
    key = await channel(pool, vault, ChannelKind.SMS)
    async with (
        listening(database, pool) as ours,
        kannel(tmp_path, kannel_ports(), PARTS_APART.format(ours=ours, key=key), UNCOMBINED) as gateway,
    ):
        async with gateway.centre(1, f"{PHONE} data {quote(WORDS)}"):
            (demand,) = await eventually(lambda: facts(pool), bool)
        await stands_at(pool, demand["number"], "resolved")
        for n, words in enumerate((VERDICT[:60], VERDICT[60:]), 1):
            header = quote(bytes((5, 0, 3, 7, 2, n)))
            async with gateway.centre(1, f"{PHONE} udh-data {header} {quote(words)}"):
                await eventually(lambda n=n: kept(pool), lambda count, n=n: count == n)
        told = await eventually(lambda: facts(pool), lambda all_told: len(all_told) == 2)
    assert (told[1]["rating"], told[1]["comment"].count("墙也湿了")) == (2, 20)


async def kept(pool: Pool) -> int:
    """Parts that came."""
    count: int = await pool.fetchval("SELECT count(*) FROM text_part")
    return count
