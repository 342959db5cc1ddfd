"""A letter by e-mail as a message: its subject is the title, its words are plain text, its thread is followed."""

import re
from email import message_from_bytes
from email.message import Message as Mail
from email.parser import BytesParser
from typing import Final

from services.intake.domain import Contact
from services.intake.inbound import letter_headers as headers
from services.intake.inbound.letter_machines import by_itself
from services.intake.inbound.letter_parts import Parts, parts, unread
from services.intake.inbound.message import Message, digest, named_anywhere, readable
from shared.contracts.text import shortened

# What a program without “>” puts between an answer and the letter that it answers.
_QUOTED: Final = re.compile(r"(?im)^[ \t]*-{2,}[ \t]*(?:原始邮件|original(?: message)?)[ \t]*-*[ \t]*$")
_ID: Final = re.compile(r"<[^<>\s]+>")


def letter(content: bytes, mail_from: str, mailbox: str = "") -> Message | None:
    """The message in a letter, which may be odd in any way; None for what a machine sent by itself."""
    mail, found = _opened(content)
    if by_itself(mail, mail_from, mailbox):
        return None
    name, address = headers.address(mail, "From")
    if mailbox and address.lower() == mailbox.lower():
        name, address = headers.address(mail, "Reply-To")
    subject, own = headers.words(mail, "Subject"), headers.written(mail, "Message-ID")
    number, code = named_anywhere(subject)
    thread = tuple(_ID.findall(f"{headers.written(mail, 'In-Reply-To')} {headers.written(mail, 'References')}"))
    reference = reference_of(own) if own.strip("<> ") else digest(content.decode("latin-1"))
    contact = Contact(name=shortened(name, 100), email=(address or readable(mail_from))[:254])
    text, left_out = _words(found, bool(thread))
    return Message(
        id=reference,
        sender=contact.email,
        contact=contact,
        text=text or subject or ("［附件］" if found.files else "［空白邮件］"),
        title=subject,
        number=number,
        code=code,
        reference=reference,
        answers=tuple(reference_of(one) for one in thread),
        hidden=left_out,
        converses=False,
        files=found.files,
    )


def reference_of(message_id: str) -> str:
    """A Message-ID may hold a person's name; its digest does not."""
    return f"mail:{digest(message_id)}"


def _opened(content: bytes) -> tuple[Mail, Parts]:
    try:
        mail = message_from_bytes(content)
        return mail, parts(mail)
    except headers.ODD:
        return BytesParser().parsebytes(content, headersonly=True), unread(content)


def _words(found: Parts, is_answer: bool) -> tuple[str, str]:
    """What the letter says, and all that stands in it where an older letter below was left out."""
    said = [_unquoted(text) for text in found.words] if is_answer else found.words
    whole = "\n".join(found.words)
    return "\n".join(filter(None, said)), whole if is_answer and _QUOTED.search(whole) else ""


def _unquoted(text: str) -> str:
    """Without the letter that is answered; one that is passed on has nothing above it, and is what is said."""
    above = _QUOTED.split(text, maxsplit=1)[0].strip() or text
    return "\n".join(line for line in above.splitlines() if not line.startswith(">")).strip()
