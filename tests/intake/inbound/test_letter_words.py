"""The text of a mail is decoded by its bytes, and read without quoted mails and without signature files."""

from base64 import b64decode, b64encode
from email.message import EmailMessage

import pytest

from services.intake.inbound.charsets import read
from services.intake.inbound.mail.message import letter
from services.intake.inbound.message import DOUBTFUL, InboundMessage
from shared.masker.masker import Masker
from tests.intake.inbound.test_letters import FROM, PDF, mixed

WORDS = "南海大道路灯不亮，请来看看"
BOX = "demands@nanhai.example"


def parsed(raw: bytes) -> InboundMessage:
    mail = letter(raw, FROM, BOX)
    assert mail
    return mail


def mail_with(body: bytes, kind: str = "text/plain; charset=utf-8", *headers: str) -> bytes:
    return "\r\n".join(("Subject: a", f"Content-Type: {kind}", *headers, "", "")).encode() + body


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("charset_name", ["utf-8", "gb2312", "gbk", "iso-8859-1", "us-ascii", "big5", "no-such", None])
@pytest.mark.parametrize("meant", ["utf-8", "gb18030"])
def test_a_mail_is_decoded_by_its_bytes(kind: str, charset_name: str | None, meant: str):
    content_type = f"text/{kind}; charset={charset_name}" if charset_name else f"text/{kind}"
    mail = parsed(mail_with(WORDS.encode(meant), content_type))
    assert (mail.text, mail.notes) == (WORDS, ())
    is_otherwise = (
        charset_name not in (None, "no-such")
        and {"gbk": "gb18030", "gb2312": "gb18030"}.get(charset_name, "utf-8") != meant
    )
    assert (b64encode(WORDS.encode(meant)).decode() in mail.original) >= is_otherwise


@pytest.mark.parametrize("words", ["Straße kaputt", "señal rota en la calle", "naïve café", "路灯不亮"])
def test_bytes_without_a_charset_are_utf_8_if_they_are_valid(words: str):
    mail = read(words.encode())
    assert (mail.text, mail.charset, mail.doubtful, mail.original) == (words, "utf-8", False, "")


@pytest.mark.parametrize(("charset_name", "meant"), [("gb2312", "utf-8"), ("utf-8", "gbk"), ("iso-8859-1", "gbk")])
def test_a_subject_is_decoded_by_its_bytes(charset_name: str, meant: str):
    coded = f"=?{charset_name}?B?{b64encode(WORDS.encode(meant)).decode()}?="
    for subject in (coded.encode(), WORDS.encode(meant)):
        mail = parsed(b"Subject: " + subject + b"\n\nx")
        assert (mail.title, mail.notes) == (WORDS, ())
    original = parsed(b"Subject: " + coded.encode() + b"\n\nx").original
    assert coded.encode() in b64decode(original.splitlines()[-1])


@pytest.mark.parametrize(
    "body", ["路灯\ufffd坏了".encode(), "鍗楁捣澶ч亾璺伅".encode(), b"\xb7\xff\xff\xfe\x80 lamp", b"\xff\xfe"]
)
async def test_a_doubtful_text_is_marked_and_its_bytes_are_kept(body: bytes, masker: Masker):
    mail = parsed(mail_with(body))
    assert mail.notes == (DOUBTFUL,)
    assert b64encode(body).decode() in mail.original
    assert (await mail.fitted_text(8000, masker)).endswith(DOUBTFUL)


@pytest.mark.parametrize("charset", ["koi8-r", "shift_jis", "euc-kr", "windows-1251", "iso-2022-jp", "hz"])
def test_a_named_charset_that_fits_is_used(charset: str):
    words = {"koi8-r": "Фонарь не горит", "windows-1251": "Фонарь не горит", "euc-kr": "가로등이 고장났어요"}.get(
        charset, "路灯坏了" if charset == "hz" else "街灯がこわれました"
    )
    mail = parsed(mail_with(words.encode(charset), f"text/plain; charset={charset}"))
    assert (mail.text, mail.notes) == (words, ())


ABOVE = "还没修好。"
BELOW = "已派单。请评价"
OUTLOOK = "发件人: 热线 <demands@example.gov.cn>\n发送时间: 2026年11月28日 9:30\n收件人: 张三\n主题: 答复"
QUOTES = {
    "outlook": f"________________________________\n{OUTLOOK}\n\n{BELOW}",
    "outlook in english": f"From: Hotline <d@x.org>\nSent: Saturday, November 28\nTo: a\nSubject: x\n\n{BELOW}",
    "foxmail": f"\n发件人： 热线\n发送时间： 2026-11-28 09:30\n收件人： a\n主题： Re: x\n{BELOW}",
    "netease": f'At 2026-11-28 09:30:00, "热线" <demands@example.gov.cn> wrote:\n>{BELOW}',
    "netease in chinese": f'在 2026-11-28 09:30:00，"热线" <demands@example.gov.cn> 写道：\n>{BELOW}',
    "netease unmarked": f'在 2026-11-28 09:30:00，"热线" <demands@example.gov.cn> 写道：\n{BELOW}',
    "netease telephone": f"---- 回复的原邮件 ----\n| 发件人 | 热线 |\n{BELOW}",
    "gmail": f"热线 <demands@example.gov.cn>\n于2026年11月28日周六 09:30写道：\n\n> {BELOW}",
    "apple": f"> 在 2026年11月28日，上午9:30，热线 <demands@example.gov.cn> 写道：\n> \n> {BELOW}",
    "qq": f"------------------\u00a0原始邮件\u00a0------------------\n{BELOW}",
}


@pytest.mark.parametrize("quoted", QUOTES.values(), ids=QUOTES.keys())
@pytest.mark.parametrize("answer", ["In-Reply-To: <1@x>", "References: <1@x>", "Subject: 回复：a", "Subject: Re: a"])
def test_a_reply_is_the_text_above_the_quoted_mail(quoted: str, answer: str):
    body = f"{ABOVE}\n\n{quoted}\n".encode()
    mail = parsed(f"{answer}\nContent-Type: text/plain; charset=utf-8\n\n".encode() + body)
    assert mail.text == ABOVE
    assert BELOW in mail.hidden, "all of it is kept"


@pytest.mark.parametrize("quoted", QUOTES.values(), ids=QUOTES.keys())
def test_a_mail_that_is_no_reply_keeps_its_whole_text(quoted: str):
    assert BELOW in parsed(mail_with(f"{ABOVE}\n\n{quoted}\n".encode())).text


HTML_QUOTES = {
    "netease": '<div>At 2026-11-28 09:30:00, "热线" &lt;d@example.cn&gt; wrote:</div>'
    "<blockquote><div>{}</div></blockquote>",
    "gmail": '<div class="gmail_quote"><div>热线 &lt;d@x.cn&gt; 于2026年11月28日周六 09:30写道：<br></div>'
    "<blockquote>{}</blockquote></div>",
    "outlook": "<hr><div><b>发件人:</b> 热线<br><b>发送时间:</b> 2026年11月28日<br><b>收件人:</b> a<br></div>"
    "<div>{}</div>",
    "qq": "<div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>发件人: x</div><div>{}</div>",
    "nothing but a quote": "<blockquote>一<blockquote>{}</blockquote>二</blockquote>",
}


@pytest.mark.parametrize("quoted", HTML_QUOTES.values(), ids=HTML_QUOTES.keys())
def test_a_reply_in_html_is_the_text_above_the_quoted_mail_too(quoted: str):
    body = f"<div>{ABOVE}</div>{quoted.format(BELOW)}".encode()
    mail = parsed(mail_with(body, "text/html; charset=utf-8", "In-Reply-To: <1@x>"))
    assert mail.text == ABOVE
    assert BELOW in mail.hidden


def test_text_between_and_below_quoted_lines_is_kept():
    body = f'你好\n在 2026-11-28 09:30，"热线" <d@x.cn> 写道：\n> {BELOW}\n没有派单\n> 请评价\n一星'.encode()
    assert parsed(mail_with(body, "text/plain; charset=utf-8", "In-Reply-To: <1@x>")).text == "你好\n没有派单\n一星"


@pytest.mark.parametrize(
    "line",
    [
        "物业的通知写道：",
        "发件人：物业，主题不明",
        "发件人：物业\n时间：昨天",
        "2026年11月1日9:30的通知写道：",
        "---- 附言 ----",
    ],
)
def test_text_that_only_looks_like_a_quote_is_kept(line: str):
    body = f"还没修\n{line}\n下周停水"
    assert parsed(mail_with(body.encode(), "text/plain; charset=utf-8", "In-Reply-To: <1@x>")).text == body


def test_a_character_encoded_in_two_ways_is_one_character():
    assert parsed(mail_with("cafe\u0301 路灯".encode())).text == "caf\u00e9 路灯"


QQ = "这是来自QQ邮箱的假期自动回复邮件。\n您好，我最近正在休假中。"


@pytest.mark.parametrize(
    ("subject", "body", "headers"),
    [
        ("自动回复: 您的诉求已收到", QQ, "X-QQ-MIME: TCMime 1.0 by Tencent"),
        ("a", QQ, "X-Mailer: QQMail 2.x"),
        ("自动回复：您的诉求已收到", "您好", "In-Reply-To: <ours@nanhai.example>"),
        ("自动答复: 您的诉求", "我正在休假，一周后回来。", "X-A: b"),
        ("Automatic reply: your request", "I am out of the office until Monday.", "X-A: b"),
        ("a", "x", "X-Auto-Reply: yes"),
    ],
)
def test_an_automatic_reply_without_the_header_is_no_demand(subject: str, body: str, headers: str):
    raw = f"Subject: {subject}\n{headers}\nContent-Type: text/plain; charset=utf-8\n\n{body}".encode()
    assert letter(raw, FROM, BOX) is None


@pytest.mark.parametrize(
    ("subject", "body", "headers"),
    [
        ("自动回复: 敷衍群众", "每次打热线都是自动回复，没有人处理。", "X-QQ-MIME: TCMime 1.0 by Tencent"),
        ("自动回复系统坏了", "我正在休假时收到三十封", "X-A: b"),
        ("回复：自动回复: 您的诉求已收到", "还没有人来", "In-Reply-To: <ours@nanhai.example>"),
        ("路灯", "有人告诉我：这是来自QQ邮箱的假期自动回复邮件", "X-A: b"),
    ],
)
def test_a_complaint_about_automatic_replies_is_a_demand(subject: str, body: str, headers: str):
    parsed(f"Subject: {subject}\n{headers}\nContent-Type: text/plain; charset=utf-8\n\n{body}".encode())


def attribute(id: int, data: bytes, level: int = 2) -> bytes:
    kind = {0x9002: 6, 0x800F: 6}.get(id, 1)
    head = bytes([level]) + id.to_bytes(2, "little") + kind.to_bytes(2, "little") + len(data).to_bytes(4, "little")
    return head + data + b"\0\0"


TNEF = b"\x78\x9f\x3e\x22\x01\x00" + attribute(0x8006, b"\0" * 8, level=1)


@pytest.mark.parametrize(
    "part",
    [
        ('application/pkcs7-signature; name="smime.p7s"', b"0\x80"),
        ('application/x-pkcs7-signature; name="smime.p7s"', b"0\x80"),
        ('application/octet-stream; name="smime.p7s"', b"0\x80"),
        ('application/pgp-signature; name="signature.asc"', b"-----BEGIN PGP SIGNATURE-----\nx"),
        ('application/octet-stream; name="signature.asc"', b"-----BEGIN PGP SIGNATURE-----\nx"),
        ('application/pgp-keys; name="0xA.asc"', b"x"),
        ('application/ms-tnef; name="winmail.dat"', TNEF),
        ('application/octet-stream; name="winmail.dat"', TNEF),
    ],
)
def test_a_signature_file_is_not_reported_as_missing(part: tuple[str, bytes]):
    mail = parsed(mixed(("text/plain", b"hello"), part))
    assert (mail.text, mail.files) == ("hello", ())


def test_files_in_outlooks_winmail_format_are_files():
    wrapped = (
        TNEF + attribute(0x9002, b"\0" * 14) + attribute(0x800F, PDF) + attribute(0x9002, b"") + attribute(0x800F, b"x")
    )
    part = ("application/ms-tnef", wrapped.replace(b"\n", b"\n"))
    message = EmailMessage()
    message.set_content("hello")
    message.add_attachment(part[1], maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert parsed(message.as_bytes()).files == (PDF, b"x")
    torn = TNEF + attribute(0x9002, b"\0" * 14)
    message = EmailMessage()
    message.set_content("hello")
    message.add_attachment(torn, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert parsed(message.as_bytes()).files == (torn,), (
        "a file in it that cannot be had is told as one that was not kept"
    )


@pytest.mark.parametrize(
    "part",
    [
        ("application/octet-stream", b"-----BEGIN PGP MESSAGE-----\nx"),
        ("application/pkcs7-mime; name=smime.p7m", b"0\x80"),
    ],
)
def test_an_encrypted_mail_is_reported_as_such(part: tuple[str, bytes]):
    mail = parsed(mixed(("application/pgp-encrypted", b"Version: 1"), part, kind="encrypted"))
    assert "加密" in mail.text
    assert mail.files == (part[1],)


def test_a_text_with_an_inline_signature_is_read_without_it():
    above, quoted = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n", "-----BEGIN PGP SIGNATURE-----\n\niQEz\n"
    body = f"{above}路灯坏了\n{quoted}-----END PGP SIGNATURE-----\n"
    assert parsed(mail_with(body.encode())).text == "路灯坏了"


def test_an_inline_encoded_picture_is_not_text():
    body = f'<p>路灯<img src="data:image/png;base64,{"A" * 3_000_000}">坏了</p>'
    assert parsed(mail_with(body.encode(), "text/html; charset=utf-8")).text == "路灯坏了"
