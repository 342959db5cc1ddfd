"""A citizen's message, whichever gateway brought it, made fit for intake's commands."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Final

from services.intake.domain import Contact, fitting
from services.intake.numbers import canonical
from shared.contracts.facts import Location
from shared.masking.codes import CODE, NUMBER

TITLE, SUBJECT, TEXT = 60, 200, 8000
# Between a number and the code that belongs to it, as our own answer writes them.
_BETWEEN: Final = r"[\s,.:;，。：；、]*(?:的?查询码|code)?[\s:：]*"
_CODE: Final = re.compile(rf"{_BETWEEN}({CODE})[\s,.:;，。：；、]*", re.IGNORECASE)
_NUMBER: Final = re.compile(NUMBER)


@dataclass(frozen=True, slots=True)
class Message:
    """`sender` and `hidden` stay out of every fact; `number` is the demand that the citizen named, `code` its code."""

    id: str
    sender: str
    contact: Contact
    text: str
    title: str = ""
    number: str | None = None
    place: Location | None = None
    hidden: str = ""
    reference: str | None = None
    answers: tuple[str, ...] = ()
    converses: bool = True
    code: str = field(default="", repr=False)
    files: tuple[bytes, ...] = field(default=(), repr=False)
    picture: str = field(default="", repr=False)

    @property
    def headline(self) -> str:
        """The title, or the beginning of the text."""
        line = self.title or next((line.strip() for line in self.text.splitlines() if line.strip()), "")
        return fitting(line, SUBJECT if self.title else TITLE)

    @property
    def uncut(self) -> str:
        """All its words, where a demand has no room for them; else nothing."""
        whole = f"{self.title}\n{self.text}" if self.title else self.text
        return whole if len(self.text) > TEXT or len(self.title) > SUBJECT else ""

    @property
    def whole(self) -> str:
        """The words with the number that was taken from them."""
        return self.text if self.number is None or self.number in self.title else f"{self.number} {self.text}"

    def with_note(self, note: str) -> "Message":
        """The same with one more line for whoever reads it."""
        return replace(self, text=f"{self.text}\n{note}") if note else self


def readable(text: str) -> str:
    """The text without what is no text; gateways pass on anything."""
    kept = (c for c in text.replace("\r\n", "\n") if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return unicodedata.normalize("NFC", "".join(kept)).strip()


def named_first(text: str) -> tuple[str | None, str]:
    """The demand number with which a text begins, and the rest; no number and all of it otherwise."""
    found = _NUMBER.match(text)
    number = canonical(found[0]) if found else None
    return (number, text[found.end() :].lstrip(" \t\n,.:;，。：；、")) if found and number else (None, text)


def named_anywhere(text: str) -> tuple[str | None, str]:
    """The first demand number in a text, and what may be its code."""
    for found in _NUMBER.finditer(text):
        if number := canonical(found[0]):
            return number, coded_first(text[found.end() :])[0]
    return None, ""


def coded_first(text: str) -> tuple[str, str]:
    """What may be a code at the beginning of a text, and the rest."""
    found = _CODE.match(text)
    return (found[1], text[found.end() :]) if found else ("", text)


def digest(text: str) -> str:
    """A reference of fixed length that does not show what it stands for."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]
