"""Mails of all mail programs are parsed, and an unparsable one is accepted as it came."""

from base64 import b64encode
from email.message import EmailMessage
from time import process_time

import pytest

from services.intake.inbound.mail.message import letter
from tests.intake.inbound.test_mail import mail

FROM = "zou@example.net"
PDF = b"%PDF-1.4 x"


def words(raw: bytes | EmailMessage) -> str:
    mail = letter(raw if isinstance(raw, bytes) else raw.as_bytes(), FROM)
    assert mail
    return mail.text


def files(raw: bytes | EmailMessage) -> tuple[bytes, ...]:
    mail = letter(raw if isinstance(raw, bytes) else raw.as_bytes(), FROM)
    assert mail
    return mail.files


def mixed(*parts: tuple[str, bytes], kind: str = "mixed") -> bytes:
    inner = b"".join(
        b"--b\nContent-Type: " + content_type.encode() + b"\n\n" + content + b"\n" for content_type, content in parts
    )
    return f"Subject: a\nContent-Type: multipart/{kind}; boundary=b\n\n".encode() + inner + b"--b--\n"


@pytest.mark.parametrize(
    "header",
    [
        "Message-ID: <>", "Message-ID: <[2026]@qq.com>", "From: a@[", "From: <", 'From: "', "From: " + "(" * 5000,
        "Content-Type: text/plain; charset=undefined", "Content-Type: text/plain; charset=a\0b", "References: <[x]@y>",
        "Content-Type: text/plain; charset*=a'b'c%00", "Content-Disposition: attach ment; filename*=x",
        "Auto-Submitted:",
        "Content-Transfer-Encoding: nonsense", "Content-Type: multipart/mixed", "Content-Type: ;;=", "Date: 31 Feb",
    ],
)  # fmt: skip
def test_a_mail_with_an_invalid_header_is_accepted(header: str):
    mail = letter(f"Subject: 路灯\n{header}\n\n坏了".encode(), FROM)
    assert mail
    assert (mail.title, mail.text, "@" in mail.contact.email) == ("路灯", "坏了", True)


def test_very_many_blank_lines_are_parsed_quickly():
    head = "Subject: a\nIn-Reply-To: <1@x>\n\n"
    started = process_time()
    assert letter((head + "x" + "\n" * 200_000 + "--\n" * 1000 + "y").encode(), FROM)
    assert process_time() - started < 1


def test_a_forwarded_mail_is_text_and_a_quoted_one_is_kept_too():
    head = "Subject: Fw: a\nReferences: <1@x>\n\n"
    older = "-----Original Message-----\n电梯坏了三天"
    passed_on, answer = (letter(f"{head}{above}{older}".encode(), FROM) for above in ("", "还没有人来\n"))
    assert passed_on
    assert answer
    assert ("电梯坏了三天" in passed_on.text, answer.text) == (True, "还没有人来")
    assert "电梯坏了三天" in answer.hidden


def test_mails_with_an_empty_id_are_different():
    first_mail, second_mail = (letter(f"Message-ID: <>\n\n{text}".encode(), FROM) for text in ("a", "b"))
    assert first_mail
    assert second_mail
    assert first_mail.reference != second_mail.reference


def test_a_mail_that_cannot_be_parsed_is_accepted_as_it_came():
    deep = b"Content-Type: message/rfc822\n\n" * 3000 + b"\n" + "村口的路灯".encode()
    mail = letter(b"Subject: a\nFrom: Li <li@example.org>\n" + deep, FROM)
    assert mail
    assert (mail.title, mail.contact.email) == ("a", "li@example.org")
    assert mail.text.startswith("［来信无法解析")
    assert "村口的路灯" in mail.text


def test_every_text_between_pictures_is_read():
    raw = mixed(("text/plain", b"one"), ("image/png", b"x"), ("text/plain", b"two"), ('text/plain; name="a"', b"three"))
    assert (words(raw), files(raw)) == ("one\ntwo\nthree", (b"x",))


def test_a_text_part_with_a_file_name_is_read():
    raw = mixed(("text/plain", b"one"), ('text/plain\nContent-Disposition: inline; filename="a.txt"', b"two"))
    assert words(raw) == "one\ntwo"


def test_a_mail_forwarded_as_an_attachment_is_read():
    outer, inner = mail(text="请看附件"), mail("井盖丢了", "人行道上")
    inner.add_attachment(PDF, maintype="application", subtype="pdf")
    outer.add_attachment(inner)
    assert words(outer) == "请看附件\n井盖丢了\n人行道上"
    assert files(outer) == (PDF,)


@pytest.mark.parametrize("blank", [b"", b" \n\xc2\xa0\n"])
def test_html_is_read_if_the_plain_text_is_blank(blank: bytes):
    alternatives = ("text/html; charset=utf-8", "<p>路灯</p>".encode()), ("text/calendar", b"BEGIN:VCALENDAR")
    assert words(mixed(("text/plain; charset=utf-8", blank), *alternatives, kind="alternative")) == "路灯"


def test_of_several_alternatives_the_plain_one_is_read_and_all_files_are_kept():
    message = mail(text="plain")
    message.add_alternative("<p>rich</p>", subtype="html")
    message.get_payload()[1].make_mixed()  # type: ignore[union-attr, index]
    message.get_payload()[1].add_attachment(PDF, maintype="application", subtype="pdf")  # type: ignore[union-attr, index]
    assert (words(message), files(message)) == ("plain", (PDF,))


@pytest.mark.parametrize(
    "html",
    ["<head><meta a=b><body>路灯", "<head><p>路灯</p>", "<head><title>x<body>路灯</body>", "<style>p{}</style>路灯"],
)
def test_an_unclosed_html_head_hides_nothing(html: str):
    assert words(f"Subject: a\nContent-Type: text/html; charset=utf-8\n\n{html}".encode()) == "路灯"


def test_a_mail_that_is_only_a_document_has_it_as_a_file():
    raw = b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n" + b64encode(PDF)
    assert (words(raw), files(raw)) == ("［附件］", (PDF,))


def encoded(text: str, charset: str = "gb2312", codec: str = "gb18030") -> str:
    return f"=?{charset}?B?{b64encode(text.encode(codec)).decode()}?="


@pytest.mark.parametrize(
    "encoded_text",
    [
        encoded("朱镕基路坏灯"),
        encoded("朱镕基路坏灯").rstrip("=?") + "?=",
        f"{encoded('朱镕基')}\n {encoded('路坏灯')}",
        "=?gb2312?B?" + b64encode("朱镕基路坏灯".encode("gb18030")[:3]).decode() + "?=\n =?GB2312*zh?b?"
        + b64encode("朱镕基路坏灯".encode("gb18030")[3:]).decode() + "?=",
        "=?utf-8?Q?" + "".join(f"={b:02X}" for b in "朱镕基路坏灯".encode()) + "?=",
    ],
)  # fmt: skip
def test_encoded_words_are_decoded_despite_errors_of_mail_programs(encoded_text: str):
    mail = letter(f'Subject: {encoded_text}\nFrom: "{encoded_text}" <li@example.org>\n\nx'.encode(), FROM)
    assert mail
    assert (mail.title, mail.contact.name, mail.contact.email) == ("朱镕基路坏灯", "朱镕基路坏灯", "li@example.org")


@pytest.mark.parametrize(
    "encoded_text", ["=?gb2312?B?!!!?=", "=?x?q?=zz?=", "=?undefined?B?YQ==?=", "=??b??=", "=?utf-8?b?a?="]
)
def test_invalid_encoded_words_are_no_fault(encoded_text: str):
    assert words(f"Subject: {encoded_text}\n\nx".encode()) == "x"


BOX = "demands@nanhai.example"


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: auto-replied; owner-email=x", "Precedence: auto_reply", "Precedence: Bulk", "Precedence: junk",
     "X-Autoreply: yes", "X-Autorespond: away", "Content-Type: multipart/report; report-type=delivery-status"],
)  # fmt: skip
def test_an_automatic_mail_is_no_demand(header: str):
    assert letter(f"Subject: a\n{header}\n\nx".encode(), FROM, BOX) is None


@pytest.mark.parametrize("header", [f"From: 民声 <{BOX.upper()}>", f"From: {BOX}\nReply-To: {BOX}"])
def test_a_mail_from_the_mailbox_itself_is_no_demand(header: str):
    assert letter(f"Subject: a\n{header}\n\nx".encode(), f"<{BOX}>", BOX) is None


@pytest.mark.parametrize(
    "header",
    ["Auto-Submitted: no", "X-Autoreply: no", "Precedence: list", "Precedence: bulk\nList-Id: <village.example.org>",
     f"From: {BOX}\nReply-To: li@example.org", f"From: {BOX}"],
)  # fmt: skip
def test_a_mail_of_a_person_through_a_list_or_a_form_is_a_demand(header: str):
    mail = letter(f"Subject: a\n{header}\n\nx".encode(), FROM, BOX)
    assert mail
    assert mail.contact.email in (FROM, "li@example.org")
