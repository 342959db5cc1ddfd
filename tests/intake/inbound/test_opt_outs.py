"""A person who writes "stop" gets no more messages on any channel, until they write "start"."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.intake.inbound.spoken_wish import Wish, spoken_wish
from services.intake.vault.contact import Contact
from services.intake.vault.opt_outs import OptOuts
from services.intake.vault.sealing import Vault
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.pool import Pool
from tests.intake.inbound.conftest import kinds
from tests.intake.inbound.test_verdicts import ME, key, text
from tests.intake.portal_visitor import LINKS, PortalVisitor
from tests.intake.test_notes import taken
from tests.keys import KEYS

__all__ = ["key"]


@pytest.mark.parametrize(
    ("words", "wish"),
    [
        ("TD", Wish.STOP), ("退订", Wish.STOP), ("ｓｔｏｐ。", Wish.STOP), ("【退订】", Wish.STOP),
        ("恢复", Wish.START), ("START!", Wish.START), ("停水了，什么时候恢复", None),
        ("退订这个栏目的路灯", None), ("TD-LTE 基站", None), ("", None),
    ],
)  # fmt: skip
def test_only_the_single_word_is_an_opt_out(words: str, wish: Wish | None):
    assert spoken_wish(words) is wish


async def answer_to(client: httpx.AsyncClient, pool: Pool, number: str, ordinary: bool = True) -> str:
    """Intake's response to a service that is about to send a message."""
    async with pool.acquire() as db:
        contact = await db.fetchval("SELECT state ->> 'contact' FROM demand WHERE state ->> 'number' = $1", number)
    question = {"number": number, "contact": contact, "ways": ["phone", "email"], "why": "progressed"}
    question |= {"unless_opted_out": True} if ordinary else {}
    token = Tokens(KEYS["secret"]).write("service", {"service": "feedback"})
    answer = await client.post(
        "/v1/contacts", json={"questions": [question]}, headers={"Authorization": f"Bearer {token}"}
    )
    return str(answer.json()["answers"][0]["state"])


async def test_a_reply_of_one_word_stops_messages_and_another_starts_them(
    client: httpx.AsyncClient, outside: httpx.AsyncClient, pool: Pool, key: str
):
    number = (await taken(client, contact={"name": "陈", "phone": "+86 138-0013-8000", "email": "chen@example.org"}))[
        "number"
    ]
    other = (await taken(client, "k2", contact={"phone": "13900139000"}))["number"]
    before = await kinds(pool)
    assert "停止" in await text(outside, key, "TD", "1", sender="8613800138000")
    assert await kinds(pool) == before, "it is no demand, and no note of one"
    assert await answer_to(client, pool, number) == "opted-out"
    assert await answer_to(client, pool, other) == "known"
    assert await kinds(pool) == [*before, "personal-data-viewed"], "who wants none is not looked at"
    assert await answer_to(client, pool, number, ordinary=False) == "known", "what the pack sends all the same"
    assert "恢复" in await text(outside, key, "恢复", "2")
    assert await answer_to(client, pool, number) == "known"


CHEN = {"phone": ME, "email": "chen@example.org"}


async def says(gate: httpx.AsyncClient, receipt: dict[str, Any], action: str) -> None:
    """Press a button on the page of a demand."""
    path = LINKS.follow(UUID(receipt["id"]))
    assert (await PortalVisitor(gate).send(path, f"{path}/{action}")).status_code == 303


async def test_the_page_of_a_demand_stops_only_the_messages_about_that_demand(
    client: httpx.AsyncClient, outside: httpx.AsyncClient, pool: Pool, key: str
):
    theirs, named = await taken(client, contact=CHEN), await taken(client, "k2", contact={"name": "x", **CHEN})
    await says(outside, named, "stop")
    assert await answer_to(client, pool, named["number"]) == "opted-out"
    assert await answer_to(client, pool, named["number"], ordinary=False) == "known"
    assert await answer_to(client, pool, theirs["number"]) == "known", "anybody can name another's telephone"
    await says(outside, named, "start")
    assert await answer_to(client, pool, named["number"]) == "known"
    await text(outside, key, "TD", "1")
    await says(outside, named, "start")
    assert await answer_to(client, pool, theirs["number"]) == "opted-out", "only the address itself takes that back"
    assert await answer_to(client, pool, named["number"]) == "opted-out"


async def test_starting_messages_again_applies_to_every_demand_of_that_address(
    client: httpx.AsyncClient, outside: httpx.AsyncClient, pool: Pool, key: str
):
    both = await taken(client, contact=CHEN)
    await says(outside, both, "stop")
    await text(outside, key, "退订", "1")
    assert "恢复" in await text(outside, key, "恢复", "2")
    assert await answer_to(client, pool, both["number"]) == "known"


async def test_addresses_stopped_together_start_together_despite_changes_in_between(pool: Pool, vault: Vault):
    opt_outs, phone, mail = OptOuts(vault), Contact(phone=ME), Contact(email=CHEN["email"])
    async with pool.acquire() as db:
        await opt_outs.stop(db, Contact(**CHEN))
        await opt_outs.stop(db, phone)
        await opt_outs.start(db, phone)
        assert await opt_outs.among(db, [*opt_outs.persons(phone), *opt_outs.persons(mail)]) == set()


async def test_no_address_is_readable_in_the_stored_opt_outs(
    client: httpx.AsyncClient, outside: httpx.AsyncClient, pool: Pool, key: str
):
    await text(outside, key, "STOP", "1")
    async with pool.acquire() as db:
        row = str(await db.fetchrow("SELECT *, encode(person, 'escape') FROM opt_out"))
    assert ME not in row
