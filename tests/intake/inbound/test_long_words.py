"""The event loop masks no long message of any gateway."""

import httpx

from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.inbound.conftest import channel, facts, secrets_of
from tests.intake.inbound.test_mail import BOX, mail, receiving, set_up
from tests.intake.inbound.test_wechat import APP, TOKEN, post, xml
from tests.worst import HIDDEN, is_spared, worst

LETTER = worst(20_000)
"""Longer than a demand may be, since a text is masked before it is shortened."""


async def test_long_text_messages_are_masked_in_another_process(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, masked_here: list[str]
):
    key = await channel(pool, vault, ChannelKind.SMS)
    for id in ("m1", "m2"):
        answer = await outside.post(
            "/inbound/sms/sms", data={"key": key, "from": "+8613912345678", "text": LETTER, "id": id}
        )
        assert answer.status_code == 200, answer.text
    assert is_spared(masked_here)
    demand, whole, supplement = await facts(pool)
    assert demand["title"] == f"{HIDDEN[:59]}…"
    for fact in (demand, whole, supplement):
        assert fact["text"].startswith(HIDDEN[:3000])
    assert LETTER in await secrets_of(pool, vault)


async def test_a_long_wechat_message_is_masked_in_another_process(
    outside: httpx.AsyncClient, pool: Pool, vault: Vault, masked_here: list[str]
):
    await channel(pool, vault, ChannelKind.WECHAT, wechat_token=TOKEN, wechat_app_id=APP)
    answer = await post(outside, xml("1", LETTER))
    assert answer.status_code == 200, answer.text
    assert is_spared(masked_here)
    assert (await facts(pool))[0]["text"].startswith(HIDDEN[:3000])


async def test_a_long_mail_is_masked_in_another_process(
    database: str, pool: Pool, vault: Vault, masked_here: list[str]
):
    await channel(pool, vault, ChannelKind.EMAIL, mailbox=BOX)
    async with receiving(set_up(database), pool) as deliver:
        assert await deliver(mail(text=LETTER)) == {}
    assert is_spared(masked_here)
    assert (await facts(pool))[0]["text"].startswith(HIDDEN[:3000])
