"""Turns an e-mail into a message: its subject is the title, its text is plain, and its thread is followed."""

import re
from email.message import Message as Mail
from typing import Final

from services.intake.inbound.mail import headers
from services.intake.inbound.mail.auto_reply import is_absence_reply, is_automatic
from services.intake.inbound.mail.limits import TooMuch, parsed
from services.intake.inbound.mail.parts import Parts, head, parts, unread
from services.intake.inbound.mail.quotes import unquoted
from services.intake.inbound.message import InboundMessage, digest, named_anywhere, readable
from services.intake.vault.contact import Contact
from shared.contracts.text import shortened

_REPLY: Final = re.compile(r"\s*(?:re|aw|回复|答复|回覆|答覆)\s*[:：]", re.IGNORECASE)
_ID: Final = re.compile(r"<[^<>\s]+>")


def letter(content: bytes, mail_from: str, mailbox: str = "") -> InboundMessage | None:
    """The message of an e-mail, however malformed it is; None for an e-mail that a program sent by itself."""
    return _message(*_opened(content), content, mail_from, mailbox)


def unread_letter(content: bytes, mail_from: str, mailbox: str, why: str) -> InboundMessage | None:
    """The message of an e-mail that exceeds the limits: its text as it came."""
    return _message(head(content), unread(content, why), content, mail_from, mailbox)


def _message(mail: Mail, mail_parts: Parts, content: bytes, mail_from: str, mailbox: str) -> InboundMessage | None:
    titled = headers.words(mail, "Subject")
    subject, beginning = titled.text, mail_parts.words[0].text if mail_parts.words else ""
    if is_automatic(mail, mail_from, mailbox) or is_absence_reply(mail, subject, beginning):
        return None
    name, address = headers.address(mail, "From")
    if mailbox and address.lower() == mailbox.lower():
        name, address = headers.address(mail, "Reply-To")
    own = headers.undecoded(mail, "Message-ID")
    number, code = named_anywhere(subject)
    thread = tuple(_ID.findall(f"{headers.undecoded(mail, 'In-Reply-To')} {headers.undecoded(mail, 'References')}"))
    reference = reference_of(own) if own.strip("<> ") else digest(content.decode("latin-1"))
    contact = Contact(name=shortened(name, 100), email=(address or readable(mail_from))[:254])
    text, left_out = _words(mail_parts, bool(thread or _REPLY.match(subject)))
    message = InboundMessage(
        id=reference,
        sender=contact.email,
        contact=contact,
        text=text or subject or ("［附件］" if mail_parts.files else "［空白邮件］"),
        title=subject,
        number=number,
        code=code,
        reference=reference,
        answers=tuple(reference_of(id) for id in thread),
        hidden=left_out,
        converses=False,
        files=mail_parts.files,
    )
    return message.as_read(titled, *mail_parts.words)


def reference_of(message_id: str) -> str:
    """The reference of an e-mail: a digest, because a Message-ID may contain a person's name."""
    return f"mail:{digest(message_id)}"


def _opened(content: bytes) -> tuple[Mail, Parts]:
    try:
        mail = parsed(content)
        return mail, parts(mail)
    except TooMuch as fault:
        return head(content), unread(content, fault.message)
    except headers.ODD:
        return head(content), unread(content)


def _words(mail_parts: Parts, is_answer: bool) -> tuple[str, str]:
    """The text of the e-mail without a quoted one below it; and the whole text, if something was left out."""
    words = [reading.text for reading in mail_parts.words]
    words_said = "\n".join(filter(None, map(unquoted, words) if is_answer else words))
    whole = "\n".join(words)
    return words_said, whole if words_said != whole else ""
