"""The words and the files of a letter, wherever in it they are."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message as Mail
from itertools import chain
from typing import Final

from services.intake.inbound import letter_headers as headers
from services.intake.inbound.charsets import decoded
from services.intake.inbound.letter_html import plain
from services.intake.inbound.message import readable

_DEEPEST: Final = 30
_RANK: Final = {"plain": 0, "calendar": 2, "x-amp-html": 2}
_UNREAD_KEPT: Final = 100_000
_UNREAD: Final = (
    "［来信无法解析，原文（至多十万字节）如下 / this letter could not be parsed; 100,000 bytes of it at most］"
)
_BODY: Final = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Parts:
    """Texts to be read one after the other, and whatever is no text to be read."""

    words: tuple[str, ...] = ()
    files: tuple[bytes, ...] = ()


def parts(mail: Mail, depth: int = 0) -> Parts:
    """All that a letter says; raises one of `ODD`."""
    if depth > _DEEPEST:
        raise ValueError("nested more deeply than anybody writes")
    if not mail.is_multipart():
        return _single(mail)
    inner = [part for part in mail.get_payload() if isinstance(part, Mail)]
    read = [parts(part, depth + 1) for part in inner]
    match mail.get_content_type():
        case "multipart/alternative":
            return Parts(_chosen([part.get_content_subtype() for part in inner], read), _files(read))
        case "message/rfc822":
            read = [Parts((subject,)) for part in inner if (subject := headers.words(part, "Subject"))] + read
    return Parts(tuple(chain.from_iterable(part.words for part in read)), _files(read))


def unread(content: bytes) -> Parts:
    """A letter that cannot be read, as it came: somebody must see it."""
    body = _BODY.split(content, maxsplit=1)[-1]
    return Parts((f"{_UNREAD}\n{readable(decoded(body[:_UNREAD_KEPT], 'utf-8'))}",))


def _chosen(kinds: Sequence[str], read: Sequence[Parts]) -> tuple[str, ...]:
    """One telling of several of the same: the plain one, unless it is blank, else the last, which is the richest."""
    told = [(_RANK.get(kind, 1), -n, part.words) for n, (kind, part) in enumerate(zip(kinds, read, strict=True))]
    return min((one for one in told if one[2]), default=(0, 0, ()))[2]


def _files(read: Iterable[Parts]) -> tuple[bytes, ...]:
    return tuple(chain.from_iterable(part.files for part in read))


def _single(mail: Mail) -> Parts:
    content = mail.get_payload(decode=True)
    if not isinstance(content, bytes) or not content:
        return Parts()
    is_text = mail.get_content_maintype() in ("text", "multipart")
    if not is_text or mail.get_content_disposition() == "attachment":
        return Parts(files=(content,))
    text = decoded(content, mail.get_content_charset() or "utf-8")
    text = readable(plain(text) if mail.get_content_subtype() == "html" else text)
    return Parts((text,) if text else ())
