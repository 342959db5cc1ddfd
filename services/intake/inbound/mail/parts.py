"""Finds the texts and the files of an e-mail, in whichever part they are."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from email.message import Message as Mail
from email.parser import BytesParser
from itertools import chain
from typing import Final

from services.intake.inbound.charsets import Decoded, read
from services.intake.inbound.mail import headers
from services.intake.inbound.mail.enclosures import ENCRYPTED, enclosed, is_encrypted
from services.intake.inbound.mail.html_text import plain
from services.intake.inbound.message import readable

_RANK: Final = {"plain": 0, "calendar": 2, "x-amp-html": 2}
_UNREAD_KEPT: Final = 100_000
_UNREAD: Final = (
    "［来信无法解析，原文至多十万字节如下，其余及附件未保存 / "
    "this e-mail could not be parsed: at most 100,000 bytes follow; the rest and its files were not stored］"
)
_BODY: Final = re.compile(rb"\r?\n\r?\n")
_HEAD: Final = 65_536
# The lines that OpenPGP writes around a signed text (cleartext signature, RFC 9580, 7).
_SIGNED: Final = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----\r?\n(?:\w+: [^\n]*\n)*"
    r"|^-----BEGIN PGP SIGNATURE-----[^\0]*?-----END PGP SIGNATURE-----\r?$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """The texts of an e-mail in order, and its files."""

    words: tuple[Decoded, ...] = ()
    files: tuple[bytes, ...] = ()


def parts(mail: Mail) -> Parts:
    """The texts and files of an e-mail; raises one of `ODD`."""
    if not mail.is_multipart():
        return _single(mail)
    inner = [part for part in mail.get_payload() if isinstance(part, Mail)]
    inner_parts = [parts(part) for part in inner]
    match mail.get_content_type():
        case "multipart/alternative":
            return Parts(_chosen([part.get_content_subtype() for part in inner], inner_parts), _files(inner_parts))
        case "message/rfc822":
            subjects = [subject for part in inner if (subject := headers.words(part, "Subject")).text]
            inner_parts = [Parts((subject,)) for subject in subjects] + inner_parts
    return Parts(tuple(chain.from_iterable(part.words for part in inner_parts)), _files(inner_parts))


def unread(content: bytes, why: str = "") -> Parts:
    """The parts of an e-mail that cannot be parsed, as it came, so that a person can look at it. `why` says which limit
    it exceeds, if it does."""
    ends = _BODY.search(content)
    begin = ends.end() if ends else 0
    reading = read(content[begin : begin + _UNREAD_KEPT])
    note = f"{_UNREAD}{f'［{why}］' if why else ''}"
    return Parts((replace(reading, text=f"{note}\n{readable(reading.text)}"),))


def head(content: bytes) -> Mail:
    """The useful headers of an e-mail that cannot be parsed."""
    header_block = _BODY.split(content[:_HEAD], maxsplit=1)[0]
    return BytesParser().parsebytes(header_block + b"\n\n", headersonly=True)


def _chosen(kinds: Sequence[str], tellings: Sequence[Parts]) -> tuple[Decoded, ...]:
    """One of several versions of the same text: the plain one, unless it is blank, else the last one, which has the
    most formatting."""
    ranked = [(_RANK.get(kind, 1), -n, part.words) for n, (kind, part) in enumerate(zip(kinds, tellings, strict=True))]
    return min((candidate for candidate in ranked if any(words.text for words in candidate[2])), default=(0, 0, ()))[2]


def _files(tellings: Iterable[Parts]) -> tuple[bytes, ...]:
    return tuple(chain.from_iterable(part.files for part in tellings))


def _single(mail: Mail) -> Parts:
    content = mail.get_payload(decode=True)
    if not isinstance(content, bytes) or not content:
        return Parts()
    is_text = mail.get_content_maintype() in ("text", "multipart")
    if not is_text or mail.get_content_disposition() == "attachment":
        sealed = (Decoded(ENCRYPTED),) if is_encrypted(mail, content) else ()
        return Parts(sealed, enclosed(mail, content))
    reading = read(content, mail.get_content_charset() or "")
    text = plain(reading.text) if mail.get_content_subtype() == "html" else _SIGNED.sub("", reading.text)
    text = readable(text)
    return Parts((replace(reading, text=text),) if text or reading.doubtful else ())
