"""Whichever gateway brings a long message, the event loop does not mask it."""

import httpx

from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.inbound.conftest import channel, facts, secrets_of
from tests.intake.inbound.test_mail import BOX, mail, receiving, set_up
from tests.intake.inbound.test_wechat import APP, TOKEN, post, xml
from tests.worst import HIDDEN, is_spared, worst

LETTER = worst(20_000)
"""Longer than any demand: it is masked before it is cut."""


async def test_a_text_message_and_the_next_one(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, masked_here: list[str]
):
    key = await channel(pool, vault, ChannelKind.SMS)
    for id in ("m1", "m2"):
        answer = await gate.post(
            "/inbound/sms/sms", data={"key": key, "from": "+8613912345678", "text": LETTER, "id": id}
        )
        assert answer.status_code == 200, answer.text
    assert is_spared(masked_here)
    demand, whole, supplement = await facts(pool)
    assert demand["title"] == f"{HIDDEN[:59]}…"
    for fact in (demand, whole, supplement):
        assert fact["text"].startswith(HIDDEN[:3000])
    assert LETTER in await secrets_of(pool, vault)


async def test_a_message_to_an_official_account(
    gate: httpx.AsyncClient, pool: Pool, vault: Vault, masked_here: list[str]
):
    await channel(pool, vault, ChannelKind.WECHAT, wechat_token=TOKEN, wechat_app_id=APP)
    answer = await post(gate, xml("1", LETTER))
    assert answer.status_code == 200, answer.text
    assert is_spared(masked_here)
    assert (await facts(pool))[0]["text"].startswith(HIDDEN[:3000])


async def test_a_letter(database: str, pool: Pool, vault: Vault, masked_here: list[str]):
    await channel(pool, vault, ChannelKind.EMAIL, mailbox=BOX)
    async with receiving(set_up(database), pool) as deliver:
        assert await deliver(mail(text=LETTER)) == {}
    assert is_spared(masked_here)
    assert (await facts(pool))[0]["text"].startswith(HIDDEN[:3000])
