"""Headers of a letter, each as it was meant: Python's own reading of them fails at what programs really write."""

import re
from binascii import a2b_base64, a2b_qp
from contextlib import suppress
from email.errors import MessageError
from email.message import Message as Mail
from email.utils import parseaddr
from itertools import groupby
from typing import Final

from services.intake.inbound.charsets import decoded
from services.intake.inbound.message import readable

ODD: Final = (ValueError, LookupError, AttributeError, TypeError, AssertionError, RecursionError, MessageError)
"""What Python's readers of letters and HTML raise at those that nobody foresaw."""
_ENCODED: Final = r"=\?([^?\s]*)\?([bq])\?([^?]*)\?="
_WORD: Final = re.compile(_ENCODED, re.IGNORECASE)
_RUN: Final = re.compile(rf"(?:{_ENCODED}\s*)*{_ENCODED}", re.IGNORECASE)
_LONGEST: Final = 2000
_ADDRESS: Final = re.compile(r"[^\s<>\"',;:]+@[^\s<>\"',;:]+")


def written(mail: Mail, name: str) -> str:
    """A header on one line, as it came; nothing where there is none."""
    raw = next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")
    text = decoded(raw.encode("utf-8", "surrogateescape"), "utf-8")
    return re.sub(r"\r?\n(?=[ \t])", "", text).strip()


def words(mail: Mail, name: str) -> str:
    """A header's words."""
    return readable(_spelled(written(mail, name)))


def address(mail: Mail, name: str) -> tuple[str, str]:
    """The name and the address of the first person in a header; nothing where nobody can be made out."""
    told, person, found = written(mail, name)[:_LONGEST], "", ""
    with suppress(*ODD):
        person, found = parseaddr(told)
    if "@" not in found:
        bare = _ADDRESS.search(told)
        found = bare[0] if bare else ""
    return readable(_spelled(person)), readable(found)


def _spelled(text: str) -> str:
    return _RUN.sub(lambda run: _run(run[0]), text)


def _run(text: str) -> str:
    """Encoded words in a row are joined before they are decoded: programs part them within a character."""
    by_charset = groupby(_WORD.finditer(text), key=lambda word: word[1].partition("*")[0].lower())
    return "".join(decoded(b"".join(_bytes(word) for word in row), charset) for charset, row in by_charset)


def _bytes(word: re.Match[str]) -> bytes:
    text = word[3].encode()
    if word[2] in "qQ":
        return a2b_qp(text, header=True)
    try:
        return a2b_base64(text + b"===")
    except ValueError:
        return text
