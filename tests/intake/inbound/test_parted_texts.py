"""A long text message that arrives in parts is joined before it is processed."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import httpx
import pytest

from services.intake import app, http_app
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.channels.rotation import Rotated
from services.intake.checks import unjoined
from services.intake.inbound.conversation import SenderReply
from services.intake.inbound.sms import text_keys
from services.intake.inbound.sms.parted_texts import EXPIRED, Added, PartedState, PartedTexts
from services.intake.inbound.sms.parts import GAP, PartBytes, TextPart, counted, joined, split
from services.intake.inbound.sms.text_taker import TextTaker
from services.intake.vault.sealing import Vault
from shared.chassis.base.findings import Severity
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.work.retention import Retention
from shared.contracts.demand.facts import ChannelKind
from shared.masker.masker import Masker
from tests.eventually import eventually
from tests.intake.conftest import settings
from tests.intake.inbound.conftest import channel, facts, kinds, secrets_of
from tests.intake.test_notes import stands_at
from tests.serving import running

WHERE = "/inbound/sms/sms"
WHOLE = "学校门口没有路灯😀晚上很黑，村口的桥也坏了"
BEGUN = datetime(2026, 12, 4, 8, tzinfo=UTC)


def cut(text: str, total: int, wide: bool = False, reference: int = 7) -> Sequence[bytes]:
    """A text as a mobile network sends it: in parts with headers, cut at any byte."""
    words = text.encode("utf-16-be")
    size = -(-len(words) // total)
    pieces = [words[n * size : (n + 1) * size] for n in range(total)]
    head = b"\x06\x08\x04" + reference.to_bytes(2) if wide else b"\x05\x00\x03" + reference.to_bytes(1)
    return [head + bytes((total, n)) + piece for n, piece in enumerate(pieces, 1)]


def test_no_character_is_lost_at_a_cut_and_missing_parts_are_marked():
    for total in range(2, 8):
        parts = [split(part) for part in cut(WHOLE, total)]
        pieces = [PartBytes(part.number, words, "utf-16-be") for part, words in parts if part]
        assert joined(pieces[::-1], total).text == WHOLE
    incomplete = joined([PartBytes(2, "乙".encode(), "utf-8"), PartBytes(4, "丁".encode("gb18030"), "gb18030")], 5)
    assert incomplete.text == f"{GAP}乙{GAP}丁{GAP}"
    assert "共 5 段，第 1、3、5 段" in incomplete.note


@pytest.mark.parametrize(
    ("written", "part"),
    [
        (b"\x05\x00\x03\x07\x02\x01a", TextPart("7", 1, 2)),
        (b"\x06\x08\x04\x01\x07\x02\x02a", TextPart("263", 2, 2)),
        (b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x07\x03\x02a", TextPart("7", 2, 3)),
        (b"\x05\x00\x03\x07\x01\x01a", None),
        (b"\x05\x00\x03\x07\x02\x03a", None),
        (b"\x05\x00\x03\x07\x02\x00a", None),
        (b"\x05\x00\x03\x07", None),
        (b"\x05\x00\x09\x07\x02\x01a", None),
        (b"\x01\x00", None),
        (b"\x00a", None),
        (b"", None),
        ("Ԁ路灯".encode("utf-16-be"), None),
    ],
)
def test_a_header_is_read_and_other_bytes_stay_in_the_text(written: bytes, part: TextPart | None):
    found, words = split(written)
    assert (found, words) == (part, b"a" if part else written)


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (("ab", "2", "3"), TextPart("ab", 2, 3)),
        (("", "2", "3"), None),
        (("ab", "0", "3"), None),
        (("ab", "1", "1"), None),
        (("ab", "x", "3"), None),
        (("ab", "1", "999"), None),
        (("ab", "1", ""), None),
    ],
)
def test_part_numbers_of_a_gateway_are_used_if_they_are_possible(args: tuple[str, str, str], part: TextPart | None):
    assert counted(*args) == part


@dataclass
class Line:
    """A channel of text messages in UCS-2, with its own clock."""

    gate: httpx.AsyncClient
    pool: Pool
    vault: Vault
    key: str
    taker: TextTaker
    sent: int = 0

    async def says(self, words: bytes, sender: str = "13800138000", **extra: str | bytes) -> str:
        """Deliver a message; returns the reply to the citizen."""
        self.sent += 1
        parameters: Mapping[str, str | bytes] = {
            "from": sender,
            "id": str(self.sent),
            "key": self.key,
            "text": words,
            **extra,
        }
        answer = await self.gate.post(WHERE, content=_form(parameters), headers=_FORM)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def waits(self, minutes: float) -> None:
        """Move time on and run the worker's check."""
        parted = replace(self.taker.parted, clock=lambda: datetime.now(UTC) + timedelta(minutes=minutes))
        await replace(self.taker, parted=parted).take_due()

    async def texts(self) -> list[str]:
        return [fact["text"] for fact in await facts(self.pool)]


_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _form(parameters: Mapping[str, str | bytes]) -> bytes:
    return "&".join(f"{n}={_quoted(v)}" for n, v in parameters.items()).encode()


def _quoted(value: str | bytes) -> str:
    return "".join(f"%{byte:02x}" for byte in (value.encode() if isinstance(value, str) else value))


@pytest.fixture
async def line(outside: httpx.AsyncClient, pool: Pool, vault: Vault, database: str) -> Line:
    key = await channel(pool, vault, ChannelKind.SMS, sms_charset="utf-16-be")
    return Line(outside, pool, vault, key, taker(pool, vault, database))


def taker(pool: Pool, vault: Vault, database: str) -> TextTaker:
    """The handler that another process would have."""
    handlers = http_app.inbound_gateways(settings(database), pool, Masker())
    return TextTaker(handlers.registry, handlers.conversations, PartedTexts(pool, vault), handlers.language_of)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_parts_in_any_order_are_one_demand(line: Line, wide: bool, order: tuple[int, ...]):
    parts = cut(WHOLE, 3, wide)
    answers = [await line.says(parts[n]) for n in order]
    assert answers[:2] == ["", ""]
    (demand,) = await facts(line.pool)
    assert (demand["text"], demand["number"] in answers[2]) == (WHOLE, True)
    assert "13800138000" in await secrets_of(line.pool, line.vault)


async def test_repeated_parts_count_once_and_get_the_first_reply(line: Line):
    first, second = cut(WHOLE, 2)
    assert [await line.says(first), await line.says(first)] == ["", ""]
    answer = await line.says(second)
    assert [await line.says(first), await line.says(second)] == [answer, answer]
    await line.waits(60)
    assert await line.texts() == [WHOLE]


async def test_a_long_reply_is_one_verdict_with_its_whole_text(line: Line):
    await line.says("桂澜路28号对面水管漏水".encode("utf-16-be"))
    await stands_at(line.pool, (await facts(line.pool))[0]["number"], "resolved")
    for part in reversed(cut("不满意 水还在漏，" + "墙也湿了，" * 20, 2)):
        await line.says(part)
    verdicts = [fact for fact in await facts(line.pool) if "verdict" in fact["type"]]
    assert [fact["rating"] for fact in verdicts] == [2]
    assert verdicts[0]["comment"].count("墙也湿了") == 20


async def test_a_long_text_with_a_number_is_one_supplement_of_that_demand(line: Line):
    await line.says("桂澜路28号对面水管漏水".encode("utf-16-be"))
    number = (await facts(line.pool))[0]["number"]
    for part in cut(f"{number} {WHOLE}", 4):
        await line.says(part)
    assert (await kinds(line.pool), (await line.texts())[1]) == (["submitted", "supplemented"], WHOLE)


async def test_after_the_time_limit_the_received_parts_are_processed_and_missing_ones_marked(line: Line):
    parts = cut(WHOLE, 3)
    await line.says(parts[2])
    await line.says(parts[0])
    await line.waits(9)
    assert await kinds(line.pool) == []
    await line.waits(11)
    ((text, note),) = [text.splitlines() for text in await line.texts()]
    assert GAP in text
    assert "共 3 段，第 2 段未收到" in note
    await line.waits(60)
    assert len(await facts(line.pool)) == 1


async def test_a_part_that_comes_after_the_others_were_processed_is_a_supplement(line: Line):
    first, second, third = cut(WHOLE, 3)
    await line.says(first)
    await line.says(third)
    await line.waits(11)
    answers = [await line.says(second), await line.says(second)]
    assert await kinds(line.pool) == ["submitted", "supplemented"]
    assert answers[0] == answers[1]
    assert "段，迟到" in (await line.texts())[1]


async def test_a_reused_reference_begins_another_message(line: Line):
    for part in (*cut(WHOLE, 2), *cut("另一件事：三巷的井盖不见了，请尽快来看看", 2)):
        await line.says(part)
    assert await line.texts() == [WHOLE, "另一件事：三巷的井盖不见了，请尽快来看看"]


async def test_parts_of_two_senders_are_two_messages_and_those_without_sender_are_not_joined(line: Line):
    first_parts, second_parts = cut(WHOLE, 2), cut("三巷的井盖不见了，请尽快来看看", 2)
    for n in range(2):
        await line.says(first_parts[n])
        await line.says(second_parts[n], sender="13900139000")
    assert sorted(await line.texts()) == sorted([WHOLE, "三巷的井盖不见了，请尽快来看看"])
    gateway = await line.taker.registry.gateway("sms")
    for part in first_parts:
        found, words = split(part)
        assert found
        sms = _sms("", words, found)
        assert await line.taker.take(gateway, sms) != ""
    assert len(await facts(line.pool)) == 4


def _sms(sender: str, words: bytes, part: TextPart) -> Any:
    from services.intake.inbound.sms.request import DecodedText, Sms

    typed_words = DecodedText(joined([PartBytes(part.number, words, "utf-16-be")], 1).readings[0], part)
    return Sms(sender, f"nobody-{part.number}", typed_words)


async def test_a_gateway_may_send_the_header_separately_or_number_the_parts_itself(line: Line):
    for part in cut(WHOLE, 2):
        await line.says(part[6:], udh=part[:6])
    for part in cut("另一件事：三巷的井盖不见了", 2):
        await line.says(part[6:], udh=part[:6].hex())
    counting = {"sms_part_reference": "ref", "sms_part_number": "no", "sms_part_total": "of"}
    await GatewayRegistry(line.pool, line.vault).put("sms", counting)
    for n, words in enumerate(("五巷的树", "倒了")):
        await line.says(words.encode("utf-16-be"), ref="x", no=str(n + 1), of="2")
    assert await line.texts() == [WHOLE, "另一件事：三巷的井盖不见了", "五巷的树倒了"]


async def test_two_processes_join_parts_that_came_to_both_and_process_them_once(line: Line, database: str):
    async with (
        await open_pool(database, "intake") as another,
        running("intake", app.api(settings(database), another)) as application,
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://intake") as other_client,
    ):
        lines = [line, replace(line, gate=other_client)]
        parts = [part for part in cut(WHOLE, 4) for _ in range(2)]
        await asyncio.gather(*(lines[n % 2].says(part, id=str(n)) for n, part in enumerate(parts)))
    await line.waits(60)
    assert await line.texts() == [WHOLE]


async def test_a_part_waits_while_another_process_begins_the_same_message(line: Line, database: str):
    """Without waiting, the second process would begin another message, and neither would ever be complete."""
    reached, go = asyncio.Event(), asyncio.Event()

    class Slow(PartedTexts):
        async def _put(self, *args: Any) -> None:
            reached.set()
            await go.wait()
            await super()._put(*args)

    async with await open_pool(database, "intake") as another:
        first = asyncio.create_task(add(Slow(line.pool, line.vault), 1))
        await reached.wait()
        second = asyncio.create_task(add(PartedTexts(another, line.vault), 2))

        async def is_at_the_lock() -> bool:
            sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)"
            return second.done() or bool(await line.pool.fetchval(sql))

        await eventually(is_at_the_lock, bool)
        go.set()
        assert [(await first).state, (await second).state] == [PartedState.WAITS, PartedState.CLOSED]
    assert await line.pool.fetchval("SELECT count(*) FROM parted_text") == 1


async def add(parted: PartedTexts, number: int) -> Added:
    part, words = split(cut(WHOLE, 2)[number - 1])
    assert part
    return await parted.add("sms", "13800138000", part, PartBytes(number, words, "utf-16-be"), timedelta(minutes=10))


class Killed(BaseException):
    """Raised where the process is killed."""


@pytest.mark.parametrize("when", ["before", "after"])
async def test_parts_of_a_killed_process_are_processed_once_by_another(line: Line, when: str):
    take = line.taker.conversations.take

    class Dying:
        async def take(self, *args: Any) -> SenderReply:
            if when == "after":
                await take(*args)
            raise Killed

    gateway = await line.taker.registry.gateway("sms")
    dying = replace(line.taker, conversations=Dying())  # type: ignore[arg-type]
    parts = [split(part) for part in cut(WHOLE, 2)]
    for part, words in parts[:1]:
        assert part
        await dying.take(gateway, _sms("13800138000", words, part))
    part, words = parts[1]
    assert part
    with pytest.raises(Killed):
        await dying.take(gateway, _sms("13800138000", words, part))
    await line.waits(0.5)
    assert len(await facts(line.pool)) == (1 if when == "after" else 0), "its process may still be at it"
    await line.waits(2)
    await line.waits(4)
    assert await line.texts() == [WHOLE]


async def test_a_text_that_a_channel_cannot_accept_is_kept_and_delays_no_other(line: Line):
    first = cut(WHOLE, 2)[0]
    await line.says(first)
    await line.says(first, sender="13900139000")
    registry = GatewayRegistry(line.pool, line.vault)
    await registry.put("sms", {"division": None})
    await line.waits(11)
    assert await kinds(line.pool) == []
    async with line.pool.acquire() as db:
        (finding,) = await unjoined(db)
        assert finding.severity is Severity.OK, "it was closed just now"
        await db.execute("UPDATE parted_text SET closed_at = closed_at - interval '1 hour'")
        (finding,) = await unjoined(db)
        assert (finding.severity is Severity.OK, "2 texts" in str(finding)) == (False, True)
    await registry.put("sms", {"division": "440605000000"})
    await line.waits(13)
    assert await kinds(line.pool) == ["submitted", "submitted"]


async def test_waiting_parts_are_encrypted_and_removed_afterwards(line: Line, database: str):
    first = cut("我的电话是13800138000，" + WHOLE, 2)[0]
    await line.says(first)
    old = line.vault
    new = replace(old, master=b"n" * 32, old=old.master)
    rotated = Rotated()
    await text_keys.rotate(line.pool, new, rotated)
    assert (rotated.count, rotated.unopened) == (0, 0)
    line.taker = replace(line.taker, parted=PartedTexts(line.pool, replace(new, old=None)))
    rows = str([dict(row) for row in await line.pool.fetch("SELECT * FROM parted_text, text_part")])
    assert "1380013" not in rows
    await line.waits(11)
    assert len(await facts(line.pool)) == 1
    assert await line.pool.fetchval("SELECT count(*) FROM text_part WHERE sealed IS NOT NULL") == 0
    assert await line.pool.fetchval("SELECT count(*) FROM parted_text WHERE sender IS NOT NULL") == 0
    later = datetime.now(UTC) + timedelta(days=9)
    assert await Retention(line.pool, (EXPIRED,), clock=lambda: later).prune() == 1
    assert await line.pool.fetchval("SELECT count(*) FROM text_part") == 0
