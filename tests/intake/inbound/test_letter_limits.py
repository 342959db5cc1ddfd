"""No mail delays the others: its parts, headers and lines are limited while it is parsed, and so is its time."""

import asyncio

import pytest

from services.intake.inbound.mail import limits
from services.intake.inbound.mail.limits import MailTally, TooMuch, parsed
from services.intake.inbound.mail.message import letter
from services.intake.inbound.mail.reader import LetterReader
from shared.chassis.database.pool import Pool
from shared.chassis.sandbox.sandbox import Sandbox
from tests.intake.inbound.conftest import facts
from tests.intake.inbound.test_mail import Deliver, deliver, mail  # noqa: F401 (a fixture)

FROM = "zou@example.net"
HEAD = b"Subject: lamp\r\nFrom: Li <li@example.org>\r\nMessage-ID: <1@x>\r\n"


def tiny(count: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * count + b"--b--\r\n"


def nested(count: int, last: bytes = b"hello") -> bytes:
    inner = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(count))
    return HEAD + inner + b"\r\n" + last + b"\r\n"


def headed(count: int) -> bytes:
    return HEAD + b"".join(b"X-%d: a\r\n" % n for n in range(count)) + b"\r\nhello\r\n"


def headed_parts(count: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + headed(count)


def lined(count: int, end: bytes) -> bytes:
    return HEAD + b"\r\n" + (b"x" + end) * count


TOO_MUCH = {
    "parts": (tiny(100_000), "parts"),
    "parts with a boundary in pieces": (tiny(100_000).replace(b"boundary=b", b"boundary*0=b"), "parts"),
    "parts within parts": (nested(20_000), "deep"),
    "letters within letters": (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 20_000 + b"\r\nhello", "deep"),
    "headers": (headed(300_000), "headers"),
    "headers of a part": (headed_parts(300_000), "headers"),
    "lines": (lined(limits.MAX_LINES + 1, b"\n"), "lines"),
    "lines of old": (lined(limits.MAX_LINES + 1, b"\r"), "lines"),
}


@pytest.mark.parametrize(("raw", "limit"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_parsing_ends_at_each_limit(raw: bytes, limit: str):
    tally = MailTally()
    with pytest.raises(TooMuch, match=limit):
        parsed(raw, tally)
    assert tally.parts <= limits.MAX_PARTS + 1
    assert tally.headers <= limits.MAX_HEADERS + 1


@pytest.mark.parametrize(("raw", "limit"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_mail_over_a_limit_is_accepted_as_text_and_says_so(raw: bytes, limit: str):
    mail = letter(raw, FROM)
    assert mail
    assert (mail.title, mail.contact.email) == ("lamp", "li@example.org")
    assert (limit in mail.text.splitlines()[0], "附件未保存" in mail.text.splitlines()[0]) == (True, True)
    assert len(mail.text) < 110_000


@pytest.mark.parametrize(
    "raw",
    [tiny(limits.MAX_PARTS - 2), nested(limits.DEEPEST), headed(limits.MAX_HEADERS - 3), lined(100_000, b"\n")],
    ids=["parts", "nested", "headers", "lines"],
)
def test_a_mail_at_the_limits_is_parsed(raw: bytes):
    mail = letter(raw, FROM)
    assert mail
    assert "无法解析" not in mail.text


async def test_a_mail_that_takes_too_long_is_accepted_as_text_and_the_next_one_is_parsed():
    reader = LetterReader(Sandbox("services.intake.inbound.mail.reader:read", 60, 2**31))
    try:
        assert (await reader.read(HEAD + b"\r\nhello", FROM, "")).text == "hello"  # type: ignore[union-attr]
        reader.sandbox.seconds = 0.0
        slow = await reader.read(HEAD + b"\r\nhello", FROM, "")
        assert slow
        assert ("too long" in slow.text, slow.text.endswith("hello"), slow.title) == (True, True, "lamp")
        reader.sandbox.seconds = 60
        second_mail = await reader.read(HEAD + b"\r\nhello again", FROM, "")
        assert second_mail
        assert second_mail.text == "hello again"
    finally:
        await reader.sandbox.close()


async def test_parsing_a_mail_does_not_block_the_event_loop():
    reader = LetterReader()
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    task = asyncio.create_task(other_work())
    try:
        await reader.read(HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p>x" * 200_000, FROM, "")
    finally:
        task.cancel()
        await reader.sandbox.close()
    assert turns > 20


async def test_a_mail_parsed_in_another_process_is_unchanged(deliver: Deliver, pool: Pool):  # noqa: F811
    for n, raw in enumerate(
        (
            mail(id="<a@x>").as_bytes(),
            tiny(1000).replace(b"<1@x>", b"<b@x>"),
            "Subject: 自动回复: a\n\n这是来自QQ邮箱的假期自动回复邮件".encode(),
        )
    ):
        assert await deliver(raw) == {}, n
    assert [fact["title"] for fact in await facts(pool)] == ["路灯坏了", "lamp"]
