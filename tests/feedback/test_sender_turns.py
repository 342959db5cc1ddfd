"""Texts of one person are processed one after another in their order; those of others are not delayed."""

import asyncio

import pytest

from services.feedback.gateways import sender_turns
from services.feedback.gateways.inbound_texts import InboundText
from services.feedback.gateways.smpp import SmppGateway, TakeText
from tests.eventually import ended, eventually
from tests.feedback.test_smpp import Centre, centre, declaration, no_pause

__all__ = ["centre"]
NOT_NOW = 0x64


async def say(centre: tuple[Centre, int], take: TakeText, *texts: tuple[str, str]) -> list[int]:
    """The acknowledgements of these texts, each sent before the previous one is acknowledged."""
    server, port = centre
    gateway = SmppGateway("sms", declaration(port, channel="sms"), pause=no_pause)
    gateway.take_text = take
    listening = asyncio.create_task(gateway.listen())

    async def binds() -> int:
        return len(server.bound)

    await eventually(binds, lambda found: found == 1)

    async def write(number: int, sender: str, words: str) -> int:
        await asyncio.sleep(number * 0.03)
        return int((await server.bound[0].deliver_sm("12345", words.encode(), source_addr=sender)).command_status)

    answers = await asyncio.gather(*(write(number, *text) for number, text in enumerate(texts)))
    await ended(listening)
    await gateway.close()
    return answers


async def test_texts_of_one_person_are_processed_in_order_and_delay_nobody_else(centre: tuple[Centre, int]):
    processed = list[bytes]()

    async def take(text: InboundText) -> None:
        await asyncio.sleep({b"1/3": 0.4, b"2/3": 0.2}.get(text.words, 0))
        processed.append(text.words)

    parts = [("13800138000", f"{number}/3") for number in (1, 2, 3)]
    assert await say(centre, take, *parts, ("13900139000", "another")) == [0, 0, 0, 0]
    assert processed == [b"another", b"1/3", b"2/3", b"3/3"]


async def test_a_text_that_waits_too_long_stays_at_the_centre(
    centre: tuple[Centre, int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender_turns, "WITHIN", 0.1)

    async def take(text: InboundText) -> None:
        await asyncio.sleep(0.5)

    assert await say(centre, take, ("13800138000", "1/2"), ("13800138000", "2/2")) == [0, NOT_NOW]


async def test_the_next_text_is_processed_although_the_previous_one_failed(centre: tuple[Centre, int]):
    faults = [OSError("the database is away")]

    async def take(text: InboundText) -> None:
        await asyncio.sleep(0.1)
        if faults:
            raise faults.pop()

    assert await say(centre, take, ("13800138000", "one"), ("13800138000", "two")) == [NOT_NOW, 0]
