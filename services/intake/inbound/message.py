"""Defines the message of a citizen, from any gateway, and cleans its text for intake's commands."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field, replace
from typing import Final

from services.intake.inbound.charsets import Decoded
from services.intake.submission.fitting import fitted
from services.intake.vault.contact import Contact
from shared.contracts.demand.facts import Location
from shared.contracts.numbers import number_first, numbers_in
from shared.contracts.text import is_blank
from shared.masker.masker import Masker
from shared.masking.codes import CODE

TITLE, SUBJECT, TEXT = 60, 200, 8000
# What stands between a number and its code in our own answers.
_BETWEEN: Final = r"[\s,.:;，。：；、]*(?:的?查询码|code)?[\s:：]*"
_CODE: Final = re.compile(rf"{_BETWEEN}({CODE})[\s,.:;，。：；、]*", re.IGNORECASE)
# Old programs end a line with these; the rest of the control characters, halves of characters and what XML cannot carry
# say nothing to anybody.
_LINE_ENDS: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NO_TEXT: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
DOUBTFUL: Final = (
    "【编码存疑：文字可能有误，原始字节已封存 / charset in doubt: words may be wrong, the bytes are sealed】"
)
CUT: Final = "【原文较长，此处未列全，全文已封存 / cut: the whole text is sealed】"


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A message. `sender`, `hidden` and `original` never go into a fact; `original` holds bytes whose charset was
    declared wrongly. `number` is the demand that the citizen named, `code` its code. `notes` are lines for readers,
    which stand at the end of the text so that every desk and program shows them."""

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
    notes: tuple[str, ...] = ()
    original: str = field(default="", repr=False)

    async def headline(self, masker: Masker) -> str:
        """The title; without one, the beginning of the text."""
        line = self.title or next((line.strip() for line in self.text.splitlines() if not is_blank(line)), "")
        return await fitted(line, SUBJECT if self.title else TITLE, masker)

    async def fitted_text(self, most: int, masker: Masker) -> str:
        """The text with the notes, in at most `most` characters; if it is cut, a note says so."""
        notes = (*self.notes, CUT) if self._is_cut(most) else self.notes
        below = "".join(f"\n{note}" for note in notes)
        return await fitted(self.text, most - len(below), masker) + below

    def uncut(self, most: int = TEXT) -> str:
        """The whole text, if it is longer than `most`; empty otherwise."""
        whole = f"{self.title}\n{self.text}" if self.title else self.text
        return whole if self._is_cut(most) or len(self.title) > SUBJECT else ""

    def _is_cut(self, most: int) -> bool:
        return len(self.text) + sum(len(note) + 1 for note in self.notes) > most

    @property
    def whole(self) -> str:
        """The text with the number that was removed from it."""
        return self.text if self.number is None or self.number in self.title else f"{self.number} {self.text}"

    def with_note(self, note: str) -> "InboundMessage":
        """The message with one more note."""
        return replace(self, notes=(*self.notes, note)) if note else self

    def as_read(self, *readings: Decoded) -> "InboundMessage":
        """The message with a note about a doubtful charset; bytes that were decoded otherwise than declared are kept in
        `original`."""
        original = "\n".join(filter(None, (reading.original for reading in readings)))
        message = replace(self, original=original) if original else self
        return message.with_note(DOUBTFUL) if any(reading.doubtful for reading in readings) else message


def readable(text: str) -> str:
    """The text without control characters and the like; empty if nothing visible is left."""
    visible = unicodedata.normalize("NFC", _NO_TEXT.sub("", _LINE_ENDS.sub("\n", text))).strip()
    return "" if is_blank(visible) else visible


def named_first(text: str) -> tuple[str | None, str]:
    """The demand number at the beginning of a text, and the rest; no number and the whole text otherwise."""
    return number_first(text)


def named_anywhere(text: str) -> tuple[str | None, str]:
    """The first demand number in a text, and what may be its code."""
    number, rest = next(numbers_in(text), (None, ""))
    return number, coded_first(rest)[0]


def coded_first(text: str) -> tuple[str, str]:
    """What may be a code at the beginning of a text, and the rest."""
    match = _CODE.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def digest(text: str) -> str:
    """A digest of fixed length that does not show its text."""
    return hashlib.sha256(text.encode()).hexdigest()[:40]
