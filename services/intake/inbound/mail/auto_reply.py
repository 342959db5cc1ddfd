"""Recognises e-mails that a program sent by itself, so that they do not become demands which are answered for ever (RFC
3834)."""

import re
from email.message import Message as Mail
from typing import Final

from services.intake.inbound.mail import headers

_ABSENT: Final = ("", "no")
_PRECEDENCE: Final = ("auto_reply", "bulk", "junk")
_HEADERS: Final = ("Auto-Submitted", "X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Mail-Autoreply")
_LIST: Final = ("List-Id", "List-Post")


# The prefixes of the subjects of automatic answers, and the beginnings of their texts.
_AUTOMATIC: Final = re.compile(
    r"\s*[【\[(（]?\s*"
    r"(?:(?:假期)?自动回复|自动答复|自動回[覆復]|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office)"
    r"\s*[】\])）]?\s*[:：]",
    re.IGNORECASE,
)
_BEGINS: Final = re.compile(
    r"\s*(?:这是来自.{0,20}邮箱的(?:假期)?自动回复邮件|此邮件(?:为|是)系统?自动(?:回复|答复)|本邮件(?:为|是)(?:系统)?自动(?:回复|答复)"
    r"|(?:我|本人)(?:目前|现|现在|正在|正)*(?:在)?(?:休假|度假|出差|外出)|this is an automat\w+ (?:reply|response)"
    r"|i am (?:currently )?out of (?:the )?office)",
    re.IGNORECASE,
)
_BY_QQ: Final = re.compile(r"\s*这是来自\s*QQ\s*邮箱的(?:假期)?自动回复邮件", re.IGNORECASE)


def is_absence_reply(mail: Mail, subject: str, beginning: str) -> bool:
    """Whether a program answered for somebody who is away, without saying so in a header, as QQ's does.

    A subject alone is no proof: people complain about automatic answers, and their e-mail must not be lost. So the text
    must begin as such answers do, or the e-mail must answer one of ours.
    """
    if _BY_QQ.match(beginning):
        return True
    is_answer = any(headers.undecoded(mail, name) for name in ("In-Reply-To", "References"))
    return bool(_AUTOMATIC.match(subject)) and (is_answer or bool(_BEGINS.match(beginning)))


def is_automatic(mail: Mail, mail_from: str, mailbox: str) -> bool:
    """Whether no person wrote this: an automatic answer, a report of a mail system, or an e-mail of our own."""
    sender = mail_from.strip("<>").lower()
    return (
        not sender
        or any(_value(mail, name) not in _ABSENT for name in _HEADERS)
        or _is_bulk(mail)
        or mail.get_content_type() == "multipart/report"
        or (sender == mailbox.lower() and _is_own(mail, sender))
    )


def _is_bulk(mail: Mail) -> bool:
    # Programs that answer automatically write `bulk`. Mailing lists do so too, but they add a list header, and people
    # write to them.
    return _value(mail, "Precedence") in _PRECEDENCE and not any(headers.undecoded(mail, name) for name in _LIST)


def _is_own(mail: Mail, mailbox: str) -> bool:
    # A web form often sends in the name of the mailbox, from the server's address or with the citizen's.
    answered = headers.address(mail, "Reply-To")[1].lower()
    return headers.address(mail, "From")[1].lower() == mailbox and answered in ("", mailbox)


def _value(mail: Mail, name: str) -> str:
    return headers.undecoded(mail, name).partition(";")[0].strip().lower()
