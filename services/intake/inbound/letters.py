"""A letter by e-mail as a message: its subject is the title, its words are plain text, its thread is followed."""

import re
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Final

from services.intake.domain import Contact
from services.intake.inbound.message import Message, digest, named_anywhere, readable
from shared.contracts.text import shortened

_BLOCKS: Final = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote"})
_UNSEEN: Final = frozenset({"script", "style", "head", "title"})
# Mail programs say gb2312 and mean its superset.
_MEANT: Final = {"gb2312": "gb18030", "gbk": "gb18030", "us-ascii": "utf-8"}
# What a program without “>” puts between an answer and the letter that it answers.
_QUOTED: Final = re.compile(r"(?ims)^\s*-{2,}\s*(?:原始邮件|original(?: message)?)\s*-*\s*$.*")
_ID: Final = re.compile(r"<[^<>\s]+>")


def letter(content: bytes, mail_from: str) -> Message | None:
    """The message in a letter; None for what a machine sent by itself (RFC 3834)."""
    mail = message_from_bytes(content, policy=policy.default)
    if not mail_from.strip("<>") or str(mail.get("Auto-Submitted", "no")).lower() != "no":
        return None
    name, address = parseaddr(_header(mail, "From"))
    subject, own = _header(mail, "Subject"), str(mail.get("Message-ID", "")).strip()
    number, code = named_anywhere(subject)
    thread = tuple(_ID.findall(f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}"))
    reference = reference_of(own) if own else digest(content.decode("latin-1"))
    files = tuple(_files(mail))
    contact = Contact(name=shortened(readable(name), 100), email=readable(address or mail_from)[:254])
    return Message(
        id=reference,
        sender=contact.email,
        contact=contact,
        text=_words(mail, bool(thread)) or subject or ("［附件］" if files else "［空白邮件］"),
        title=subject,
        number=number,
        code=code,
        reference=reference,
        answers=tuple(reference_of(one) for one in thread),
        converses=False,
        files=files,
    )


def reference_of(message_id: str) -> str:
    """A Message-ID may hold a person's name; its digest does not."""
    return f"mail:{digest(message_id)}"


def _words(mail: EmailMessage, is_answer: bool) -> str:
    body = mail.get_body(preferencelist=("plain", "html"))
    text = _decoded(body) if isinstance(body, EmailMessage) else ""
    if body is not None and body.get_content_subtype() == "html":
        text = _plain(text)
    text = readable(text)
    if is_answer:
        text = "\n".join(line for line in _QUOTED.sub("", text).splitlines() if not line.startswith(">"))
    return text.strip()


def _files(mail: EmailMessage) -> Iterator[bytes]:
    """Whatever is no text to be read: attached, or shown between the words."""
    if not mail.is_multipart():
        return
    body = mail.get_body(preferencelist=("plain", "html"))
    for part in mail.walk():
        is_file = part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment"
        if part is body or part.is_multipart() or not is_file:
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content:
            yield content


def _decoded(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    named = str(part.get_content_charset() or "utf-8").lower()
    return _text(payload, _MEANT.get(named, named)) if isinstance(payload, bytes) else ""


def _header(mail: EmailMessage, name: str) -> str:
    """A header's words, also where a program wrote raw bytes into it."""
    raw = next((value for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    written = str(raw).encode("utf-8", "surrogateescape")
    return readable(str(mail.get(name, "")) if written.isascii() else _text(written, "utf-8"))


def _text(written: bytes, charset: str) -> str:
    for guess in (charset, "utf-8", "gb18030"):
        with suppress(LookupError, UnicodeDecodeError):
            return written.decode(guess)
    return written.decode("utf-8", "replace")


def _plain(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = ("".join(reader.found)).splitlines()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(" ".join(line.split()) for line in lines))


class _Reader(HTMLParser):
    """Collects what a person would see."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data.replace("\n", " "))
