"""Which letters a machine sent by itself: to take them for demands answers machines for ever (RFC 3834)."""

from email.message import Message as Mail
from typing import Final

from services.intake.inbound import letter_headers as headers

_ABSENT: Final = ("", "no")
_PRECEDENCE: Final = ("auto_reply", "bulk", "junk")
_LIST: Final = ("List-Id", "List-Post")


def by_itself(mail: Mail, mail_from: str, mailbox: str) -> bool:
    """Whether no person wrote this: an answer of a machine, a report of a mail system, a letter of our own."""
    sender = mail_from.strip("<>").lower()
    return (
        not sender
        or any(_told(mail, name) not in _ABSENT for name in ("Auto-Submitted", "X-Autoreply", "X-Autorespond"))
        or _is_bulk(mail)
        or mail.get_content_type() == "multipart/report"
        or (sender == mailbox.lower() and _is_own(mail, sender))
    )


def _is_bulk(mail: Mail) -> bool:
    # Answering machines write `bulk` too. So do lists, but with their name, and people write to lists.
    return _told(mail, "Precedence") in _PRECEDENCE and not any(headers.written(mail, name) for name in _LIST)


def _is_own(mail: Mail, mailbox: str) -> bool:
    # A form on the web often writes in the mailbox's name, from a server's own address or with that of the citizen.
    answered = headers.address(mail, "Reply-To")[1].lower()
    return headers.address(mail, "From")[1].lower() == mailbox and answered in ("", mailbox)


def _told(mail: Mail, name: str) -> str:
    return headers.written(mail, name).partition(";")[0].strip().lower()
