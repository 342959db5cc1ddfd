"""E-mails, delivered by SMTP and LMTP like from a mail system."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from deploy.local.ports import free_port
from services.intake import app
from services.intake.inbound.mail.message import letter, reference_of
from services.intake.settings import IntakeSettings
from services.intake.submission.secret_code import SecretCodes
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand.facts import ChannelKind
from shared.masker.masker import Masker
from tests.eventually import ended, eventually
from tests.intake.conftest import settings
from tests.intake.inbound.conftest import channel, facts, kinds, secrets_of
from tests.keys import KEYS

BOX = "demands@nanhai.example"
Deliver = Callable[..., Any]


def mail(
    subject: str = "路灯坏了", text: str = "学校门口，电话13912345678", id: str = "<1@example.net>", **headers: str
):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = (
        "邹某 <zou@example.net>",
        BOX,
        subject,
        id,
    )
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


@asynccontextmanager
async def receiving(intake_settings: IntakeSettings, pool: Pool) -> AsyncIterator[Deliver]:
    """The mailbox; returns a function that delivers with the standard library's client and returns the refused
    recipients."""
    server = app.mail(intake_settings, pool)
    tasks = [asyncio.create_task(task()) for task in (server.run, *server.tasks)]
    client = smtplib.LMTP if intake_settings.mail_protocol == "lmtp" else smtplib.SMTP

    def hand_over(message: EmailMessage | bytes, sender: str = "zou@example.net", to: tuple[str, ...] = (BOX,)) -> Any:
        content = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
        with client("127.0.0.1", intake_settings.mail_port) as line:
            return line.sendmail(sender, to, content)

    async def deliver(*args: Any, **options: Any) -> Any:
        return await asyncio.to_thread(hand_over, *args, **options)

    async def answers() -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", intake_settings.mail_port)
            writer.close()
            return True
        return False

    await eventually(answers, bool)
    yield deliver
    await ended(*tasks)


def set_up(database: str, protocol: str = "smtp") -> IntakeSettings:
    port = str(free_port())
    return IntakeSettings.model_validate(
        KEYS | {"DATABASE_URL": database, "mail_port": port, "mail_protocol": protocol}
    )


@pytest.fixture
async def deliver(database: str, pool: Pool, vault: Vault) -> AsyncIterator[Deliver]:
    await channel(pool, vault, ChannelKind.EMAIL, mailbox=BOX)
    async with receiving(set_up(database), pool) as found:
        yield found


async def test_a_mail_becomes_a_demand(deliver: Deliver, pool: Pool, vault: Vault):
    assert await deliver(mail()) == {}
    (demand,) = await facts(pool)
    assert (demand["title"], demand["text"]) == ("路灯坏了", "学校门口，电话［手机号］")
    assert demand["channel_kind"] == "email"
    for personal in ("zou@example.net", "邹某", "1@example.net"):
        assert personal not in str(demand)
    assert "zou@example.net" in await secrets_of(pool, vault)


async def test_a_mail_delivered_twice_is_one_demand(deliver: Deliver, pool: Pool):
    await deliver(mail())
    await deliver(mail())
    assert await kinds(pool) == ["submitted"]


async def test_another_mail_with_the_same_id_is_another_demand(deliver: Deliver, pool: Pool):
    await deliver(mail())
    second_mail = mail("垃圾没人收", "村口")
    second_mail.replace_header("From", "li@example.org")
    for _ in range(2):
        await deliver(second_mail)
    assert [fact["title"] for fact in await facts(pool)] == ["路灯坏了", "垃圾没人收"]


async def test_a_mail_that_also_comes_through_a_list_is_one_demand(deliver: Deliver, pool: Pool):
    await deliver(mail())
    await deliver(mail("[村民] 路灯坏了", "学校门口，电话13912345678\n-- \n退订请回复"))
    assert await kinds(pool) == ["submitted"]


async def test_a_mail_without_an_id_is_identified_by_its_content(deliver: Deliver, pool: Pool):
    message = mail()
    del message["Message-ID"]
    await deliver(message)
    await deliver(message)
    assert await kinds(pool) == ["submitted"]


async def test_a_reply_in_the_thread_is_a_supplement(deliver: Deliver, pool: Pool):
    await deliver(mail())
    words = "> 学校门口\n还没有人来"
    await deliver(mail("Re: 路灯坏了", words, "<2@example.net>", In_Reply_To="<1@example.net>"))
    await deliver(mail("Re: 路灯坏了", "第三封", "<3@example.net>", References="<1@example.net> <2@example.net>"))
    assert await kinds(pool) == ["submitted", "supplemented", "supplemented"]
    assert (await facts(pool))[1]["text"] == "还没有人来"


@pytest.mark.parametrize("reply", ["------------------ 原始邮件 ------------------", "-----Original Message-----"])
async def test_a_reply_is_recorded_without_the_quoted_mail(deliver: Deliver, pool: Pool, reply: str):
    await deliver(mail())
    words = f"还没有人来\n\n{reply}\n发件人: 区政府\n请评价：https://example.org/rate/eyJkZW1hbmQiOiIx.abcdefgh"
    await deliver(mail("回复：路灯坏了", words, "<2@example.net>", In_Reply_To="<1@example.net>"))
    assert (await facts(pool))[1]["text"] == "还没有人来"


async def test_a_thread_is_recognised_although_its_id_looks_like_a_telephone_number(
    deliver: Deliver, pool: Pool, vault: Vault
):
    first = "<244@x.cn>"
    assert vault.reference(reference_of(first)) != reference_of(first), "a digest with eleven such digits in a row"
    await deliver(mail(id=first))
    await deliver(mail("Re: 路灯坏了", "还没有人来", "<2@example.net>", In_Reply_To=first))
    assert await kinds(pool) == ["submitted", "supplemented"]


async def test_a_thread_is_recognised_by_any_known_reference(deliver: Deliver, pool: Pool):
    await deliver(mail())
    await deliver(
        mail("Re: 路灯坏了", "还没有人来", "<3@example.net>", References="<elsewhere@example.org> <1@example.net>")
    )
    assert await kinds(pool) == ["submitted", "supplemented"]


async def test_a_mail_with_the_number_in_its_subject_is_a_supplement(deliver: Deliver, pool: Pool):
    await deliver(mail())
    number = (await facts(pool))[0]["number"]
    await deliver(mail(f"关于诉求{number}的补充", "还没有人来", "<9@example.org>"))
    assert await kinds(pool) == ["submitted", "supplemented"]


async def test_a_number_in_the_subject_of_another_sender_needs_the_code(deliver: Deliver, pool: Pool, database: str):
    await deliver(mail())
    number = (await facts(pool))[0]["number"]
    async with pool.acquire() as db:
        code = SecretCodes(settings(database).secret).of(await db.fetchval("SELECT id FROM submission"))
    for n, subject in enumerate((f"关于{number}", f"关于{number}，查询码{code}")):
        letter = mail(subject, "还没有人来", f"<{n}@example.org>")
        letter.replace_header("From", "li@example.org")
        await deliver(letter)
    assert await kinds(pool) == ["submitted", "submitted", "supplemented"]


async def test_an_unrelated_mail_of_the_same_sender_is_another_demand(deliver: Deliver, pool: Pool):
    await deliver(mail())
    await deliver(mail("垃圾没人收", "村口", "<2@example.net>"))
    assert await kinds(pool) == ["submitted", "submitted"]


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "auto-replied"}, {}])
async def test_an_automatic_mail_is_no_demand(deliver: Deliver, pool: Pool, headers: dict[str, str]):
    await deliver(mail(**headers), "zou@example.net" if headers else "")
    assert await kinds(pool) == []


async def test_an_unknown_mailbox_is_refused_for_good(deliver: Deliver):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        await deliver(mail(), to=("nobody@nanhai.example",))
    assert refused.value.recipients["nobody@nanhai.example"][0] == 550


async def test_a_second_recipient_is_postponed_to_a_separate_delivery(deliver: Deliver, pool: Pool):
    refused = await deliver(mail(), to=(BOX, "other@nanhai.example"))
    assert refused["other@nanhai.example"][0] == 452
    assert await kinds(pool) == ["submitted"]


async def test_a_mail_over_twenty_eight_megabytes_is_refused(deliver: Deliver):
    with pytest.raises(smtplib.SMTPSenderRefused):
        await deliver(mail(text="x" * 70 + "\n" + "y" * 29_400_000))


async def test_a_mail_can_be_delivered_by_lmtp_too(database: str, pool: Pool, vault: Vault):
    await channel(pool, vault, ChannelKind.EMAIL, mailbox=BOX)
    async with receiving(set_up(database, "lmtp"), pool) as deliver:
        assert await deliver(mail()) == {}
    assert await kinds(pool) == ["submitted"]


async def test_a_mail_is_postponed_while_the_database_is_away(database: str):
    unreachable_pool = await open_pool("postgresql://nobody:x@127.0.0.1:9/none", "intake")
    async with receiving(set_up(database), unreachable_pool) as deliver:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            await deliver(mail())
    assert refused.value.recipients[BOX][0] == 451


async def test_a_mail_is_postponed_while_its_channel_has_no_division(database: str, pool: Pool, vault: Vault):
    await channel(pool, vault, ChannelKind.EMAIL, mailbox=BOX, division="")
    async with receiving(set_up(database), pool) as deliver:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            await deliver(mail())
    assert refused.value.smtp_code == 451


HTML = "<html><head><style>p{}</style></head><body><p>路灯 &amp; 垃圾</p><div>第二行<br>第三行</div></body></html>"
PICTURE = b"""Subject: a
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

hello
--b
Content-Type: image/png
Content-Disposition: attachment

x
--b--"""


@pytest.mark.parametrize(
    ("raw", "title", "text"),
    [
        (b"Subject: =?gb2312?B?wre1xru1wcs=?=\nContent-Type: text/plain; charset=gb2312\n\n" + "镕".encode("gbk"),
         "路灯坏了", "镕"),
        (b"Subject: a\nContent-Type: text/html; charset=utf-8\n\n" + HTML.encode(),
         "a", "路灯 & 垃圾\n\n第二行\n第三行"),
        (b"Subject: a\nContent-Type: text/plain; charset=no-such\n\nb", "a", "b"),
        ("Subject: 路灯\n\n坏了".encode(), "路灯", "坏了"),
        ("Subject: 路灯\n\n坏了".encode("gbk"), "路灯", "坏了"),
        (b"Subject: a\n\n\xff\xfe", "a", "a"),
        (b"Subject: a\n\n", "a", "a"),
        (b"\n\n", "", "［空白邮件］"),
        (b"", "", "［空白邮件］"),
        (PICTURE, "a", "hello"),
    ],
)  # fmt: skip
async def test_any_mail_can_be_parsed(raw: bytes, title: str, text: str, masker: Masker):
    parsed = letter(raw, "zou@example.net")
    assert parsed
    assert (parsed.title, parsed.text) == (title, text)
    assert await parsed.headline(masker)


async def test_a_number_cut_by_the_end_of_a_title_is_removed_completely(masker: Masker):
    subject = "身份证" * 62 + "身份证44068219850312451" + "1，请处理"
    parsed = letter(f"Subject: {subject}\n\n坏了".encode(), "zou@example.net")
    assert parsed
    headline = await parsed.headline(masker)
    assert (len(headline) <= 200, "4406" in headline, subject in parsed.uncut()) == (True, False, True)
