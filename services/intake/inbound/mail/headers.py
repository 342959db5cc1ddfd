"""Decodes the headers of e-mails tolerantly: Python's own parser fails at what programs really write."""

import re
from binascii import a2b_base64, a2b_qp
from contextlib import suppress
from dataclasses import replace
from email.errors import MessageError
from email.message import Message as Mail
from email.utils import parseaddr
from itertools import groupby
from typing import Final

from services.intake.inbound.charsets import Decoded, read
from services.intake.inbound.message import readable

ODD: Final = (ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError, MessageError)
"""The exceptions that Python's parsers of e-mail and HTML raise at unexpected input."""
_ENCODED: Final = r"=\?([^?\s]*)\?([bq])\?([^?]*)\?="
_WORD: Final = re.compile(_ENCODED, re.IGNORECASE)
_RUN: Final = re.compile(rf"(?:{_ENCODED}\s*)*{_ENCODED}", re.IGNORECASE)
_LONGEST, _MOST = 2000, 65_536
_ADDRESS: Final = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")


def undecoded(mail: Mail, name: str) -> str:
    """A header on one line, undecoded; empty if there is none."""
    return _line(_raw(mail, name)).text


def words(mail: Mail, name: str) -> Decoded:
    """The decoded text of a header, and how its bytes were decoded."""
    raw = _raw(mail, name)
    line, readings = _line(raw), list[Decoded]()
    text = readable(_spelled(line.text, readings))
    odd = next((reading for reading in (line, *readings) if reading.original), None)
    if odd is None:
        return Decoded(text)
    is_doubtful = any(reading.doubtful for reading in (line, *readings))
    return replace(odd, text=text, doubtful=is_doubtful, content=raw)


def _raw(mail: Mail, name: str) -> bytes:
    raw = next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    return raw[:_MOST].encode("utf-8", "surrogateescape")


def _line(raw: bytes) -> Decoded:
    reading = read(raw)
    return replace(reading, text=re.sub(r"\r?\n(?=[ \t])", "", reading.text).strip())


def address(mail: Mail, name: str) -> tuple[str, str]:
    """The name and the address of the first person in a header; empty if none can be found."""
    value, person, mailbox = undecoded(mail, name)[:_LONGEST], "", ""
    with suppress(*ODD):
        person, mailbox = parseaddr(value)
    if "@" not in mailbox:
        bare = _ADDRESS.search(value)
        mailbox = bare[0] if bare else ""
    return readable(_spelled(person, [])), readable(mailbox)


def _spelled(text: str, readings: list[Decoded]) -> str:
    return _RUN.sub(lambda run: _run(run[0], readings), text)


def _run(text: str, readings: list[Decoded]) -> str:
    """Join consecutive encoded words before they are decoded, because programs split them within a character."""
    by_charset = groupby(_WORD.finditer(text), key=lambda word: word[1].partition("*")[0].lower())
    decoded = [read(b"".join(_bytes(word) for word in row), charset) for charset, row in by_charset]
    readings.extend(decoded)
    return "".join(reading.text for reading in decoded)


def _bytes(word: re.Match[str]) -> bytes:
    text = word[3].encode()
    if word[2] in "qQ":
        return a2b_qp(text, header=True)
    try:
        return a2b_base64(text + b"===")
    except ValueError:
        return text
