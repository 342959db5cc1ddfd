"""Rules for secrets with which anybody could act as the citizen: the code of a demand, and the links in messages.

Citizens quote our messages. A code is eight letters and digits, after a word for it or after the number of its demand.
After a number it must not look like an English word (“this road”, “sidewalk”).
"""

import re
from collections.abc import Iterator
from typing import Final

from shared.masking.shadow import Span, behind

CODE: Final = r"[0-9A-Za-z]{4}[ -]?[0-9A-Za-z]{4}(?![0-9A-Za-z])"
_NO_WORD: Final = r"(?=[A-Za-z -]{0,8}\d|[A-Z]{4}[ -]?[A-Z]{4}(?![a-z]))(?!20\d\d[01]\d[0-3]\d)"
NUMBER: Final = r"[A-Za-z]{2}\d{2}[\s\-－—]?\d{6,}[\s\-－—]?[0-9A-Za-z](?![0-9A-Za-z])"
# The beginning of a demand number.
_SIGN: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}[\s\-－—]?[0-9]{6}")
_BETWEEN: Final = r"[\s,.:;，。：；、]{0,3}(?:[Cc]ode[\s:：]{0,3})?"
_SAID: Final = re.compile(rf"(查询码[\s:：是为]{{0,3}}){CODE}")
_NUMBERED: Final = re.compile(rf"({NUMBER}{_BETWEEN}){_NO_WORD}{CODE}")
_ASKED: Final = re.compile(r"([?&]code=)[^&\s［]+")
_LINK: Final = re.compile(r"(/(?:rate|follow)/)[\w.~-]{16,}")
_LABEL: Final = "［查询码］"


def codes(shadow: str) -> Iterator[Span]:
    """Secret codes after a word for them."""
    if "查询码" in shadow:
        yield from behind(shadow, _SAID, _LABEL)


def links(shadow: str) -> Iterator[Span]:
    """Links for rating an answer and for following a demand."""
    if "/rate/" in shadow or "/follow/" in shadow:
        yield from behind(shadow, _LINK, "［链接］")


def queries(shadow: str) -> Iterator[Span]:
    """Secret codes in a URL."""
    if "code=" in shadow:
        yield from behind(shadow, _ASKED, _LABEL)


def numbered(shadow: str) -> Iterator[Span]:
    """Secret codes after the number of their demand."""
    if _SIGN.search(shadow):
        yield from behind(shadow, _NUMBERED, _LABEL)
