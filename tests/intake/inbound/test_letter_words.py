"""A letter's words are read by what its bytes are, without the letter below, without what nobody misses."""

from base64 import b64decode, b64encode
from email.message import EmailMessage

import pytest

from services.intake.inbound.charsets import read
from services.intake.inbound.mail.message import letter
from services.intake.inbound.message import DOUBTFUL, Message
from shared.masker.masker import Masker
from tests.intake.inbound.test_letters import FROM, PDF, mixed

WORDS = "南海大道路灯不亮，请来看看"
BOX = "demands@nanhai.example"


def taken(raw: bytes) -> Message:
    found = letter(raw, FROM, BOX)
    assert found
    return found


def written(body: bytes, kind: str = "text/plain; charset=utf-8", *headers: str) -> bytes:
    return "\r\n".join(("Subject: a", f"Content-Type: {kind}", *headers, "", "")).encode() + body


@pytest.mark.parametrize("kind", ["plain", "html"])
@pytest.mark.parametrize("named", ["utf-8", "gb2312", "gbk", "iso-8859-1", "us-ascii", "big5", "no-such", None])
@pytest.mark.parametrize("meant", ["utf-8", "gb18030"])
def test_a_letter_is_read_by_what_its_bytes_are(kind: str, named: str | None, meant: str):
    told = f"text/{kind}; charset={named}" if named else f"text/{kind}"
    found = taken(written(WORDS.encode(meant), told))
    assert (found.text, found.notes) == (WORDS, ())
    is_otherwise = (
        named not in (None, "no-such") and {"gbk": "gb18030", "gb2312": "gb18030"}.get(named, "utf-8") != meant
    )
    assert (b64encode(WORDS.encode(meant)).decode() in found.original) >= is_otherwise


@pytest.mark.parametrize("words", ["Straße kaputt", "señal rota en la calle", "naïve café", "路灯不亮"])
def test_bytes_without_a_named_charset_are_utf_8_beyond_doubt_where_they_fit(words: str):
    found = read(words.encode())
    assert (found.text, found.charset, found.doubtful, found.original) == (words, "utf-8", False, "")


@pytest.mark.parametrize(("named", "meant"), [("gb2312", "utf-8"), ("utf-8", "gbk"), ("iso-8859-1", "gbk")])
def test_a_subject_is_read_by_what_its_bytes_are(named: str, meant: str):
    coded = f"=?{named}?B?{b64encode(WORDS.encode(meant)).decode()}?="
    for subject in (coded.encode(), WORDS.encode(meant)):
        found = taken(b"Subject: " + subject + b"\n\nx")
        assert (found.title, found.notes) == (WORDS, ())
    original = taken(b"Subject: " + coded.encode() + b"\n\nx").original
    assert coded.encode() in b64decode(original.splitlines()[-1])


@pytest.mark.parametrize(
    "body", ["路灯\ufffd坏了".encode(), "鍗楁捣澶ч亾璺伅".encode(), b"\xb7\xff\xff\xfe\x80 lamp", b"\xff\xfe"]
)
async def test_what_is_in_doubt_is_marked_and_kept(body: bytes, masker: Masker):
    found = taken(written(body))
    assert found.notes == (DOUBTFUL,)
    assert b64encode(body).decode() in found.original
    assert (await found.shown(8000, masker)).endswith(DOUBTFUL)


@pytest.mark.parametrize("charset", ["koi8-r", "shift_jis", "euc-kr", "windows-1251", "iso-2022-jp", "hz"])
def test_a_charset_that_is_named_and_fits_is_believed(charset: str):
    words = {"koi8-r": "Фонарь не горит", "windows-1251": "Фонарь не горит", "euc-kr": "가로등이 고장났어요"}.get(
        charset, "路灯坏了" if charset == "hz" else "街灯がこわれました"
    )
    found = taken(written(words.encode(charset), f"text/plain; charset={charset}"))
    assert (found.text, found.notes) == (words, ())


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


@pytest.mark.parametrize("below", QUOTES.values(), ids=QUOTES.keys())
@pytest.mark.parametrize("answer", ["In-Reply-To: <1@x>", "References: <1@x>", "Subject: 回复：a", "Subject: Re: a"])
def test_an_answer_is_what_stands_above_the_letter_that_it_answers(below: str, answer: str):
    body = f"{ABOVE}\n\n{below}\n".encode()
    found = taken(f"{answer}\nContent-Type: text/plain; charset=utf-8\n\n".encode() + body)
    assert found.text == ABOVE
    assert BELOW in found.hidden, "all of it is kept"


@pytest.mark.parametrize("below", QUOTES.values(), ids=QUOTES.keys())
def test_a_letter_that_answers_nothing_keeps_all_of_its_words(below: str):
    assert BELOW in taken(written(f"{ABOVE}\n\n{below}\n".encode())).text


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


@pytest.mark.parametrize("below", HTML_QUOTES.values(), ids=HTML_QUOTES.keys())
def test_an_answer_in_html_is_what_stands_above_too(below: str):
    body = f"<div>{ABOVE}</div>{below.format(BELOW)}".encode()
    found = taken(written(body, "text/html; charset=utf-8", "In-Reply-To: <1@x>"))
    assert found.text == ABOVE
    assert BELOW in found.hidden


def test_what_is_said_between_and_below_quoted_lines_is_said():
    body = f'你好\n在 2026-11-28 09:30，"热线" <d@x.cn> 写道：\n> {BELOW}\n没有派单\n> 请评价\n一星'.encode()
    assert taken(written(body, "text/plain; charset=utf-8", "In-Reply-To: <1@x>")).text == "你好\n没有派单\n一星"


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
def test_what_only_looks_like_a_quote_is_the_citizens_own(line: str):
    body = f"还没修\n{line}\n下周停水"
    assert taken(written(body.encode(), "text/plain; charset=utf-8", "In-Reply-To: <1@x>")).text == body


def test_one_character_in_two_ways_is_one_character():
    assert taken(written("cafe\u0301 路灯".encode())).text == "caf\u00e9 路灯"


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
def test_an_automatic_answer_without_the_header_is_no_demand(subject: str, body: str, headers: str):
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
def test_who_complains_of_automatic_answers_is_heard(subject: str, body: str, headers: str):
    taken(f"Subject: {subject}\n{headers}\nContent-Type: text/plain; charset=utf-8\n\n{body}".encode())


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
def test_a_signature_is_no_file_that_anybody_misses(part: tuple[str, bytes]):
    found = taken(mixed(("text/plain", b"hello"), part))
    assert (found.text, found.files) == ("hello", ())


def test_files_in_outlooks_wrapping_are_files():
    wrapped = (
        TNEF + attribute(0x9002, b"\0" * 14) + attribute(0x800F, PDF) + attribute(0x9002, b"") + attribute(0x800F, b"x")
    )
    part = ("application/ms-tnef", wrapped.replace(b"\n", b"\n"))
    message = EmailMessage()
    message.set_content("hello")
    message.add_attachment(part[1], maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert taken(message.as_bytes()).files == (PDF, b"x")
    torn = TNEF + attribute(0x9002, b"\0" * 14)
    message = EmailMessage()
    message.set_content("hello")
    message.add_attachment(torn, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    assert taken(message.as_bytes()).files == (torn,), (
        "a file in it that cannot be had is told as one that was not kept"
    )


@pytest.mark.parametrize(
    "part",
    [
        ("application/octet-stream", b"-----BEGIN PGP MESSAGE-----\nx"),
        ("application/pkcs7-mime; name=smime.p7m", b"0\x80"),
    ],
)
def test_what_is_encrypted_is_said_to_be(part: tuple[str, bytes]):
    found = taken(mixed(("application/pgp-encrypted", b"Version: 1"), part, kind="encrypted"))
    assert "加密" in found.text
    assert found.files == (part[1],)


def test_a_text_that_is_signed_within_is_read_without_its_signature():
    above, below = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n", "-----BEGIN PGP SIGNATURE-----\n\niQEz\n"
    body = f"{above}路灯坏了\n{below}-----END PGP SIGNATURE-----\n"
    assert taken(written(body.encode())).text == "路灯坏了"


def test_a_picture_that_is_written_out_is_no_word():
    body = f'<p>路灯<img src="data:image/png;base64,{"A" * 3_000_000}">坏了</p>'
    assert taken(written(body.encode(), "text/html; charset=utf-8")).text == "路灯坏了"
