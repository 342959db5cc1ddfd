"""Recognises the parts of a long text message, and joins them to one text; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.intake.inbound.charsets import Decoded, read

MOST: Final = 255
"""A message has at most so many parts; networks count them in one byte."""
GAP: Final = "［……］"
"""Stands in the text in the place of a missing part."""
_SHORT, _LONG = (0x00, 3), (0x08, 4)
"""Elements of a header that name the whole, by identifier and length: with a reference of one byte, and of two
(3GPP TS 23.040, 9.2.3.24.1 and .8)."""


@dataclass(frozen=True, slots=True)
class TextPart:
    """The part `number` of `total`, from 1; the parts of a message have the same reference."""

    reference: str
    number: int
    total: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"

    @property
    def note(self) -> str:
        """A note for readers of a part that was taken in as a message of its own."""
        return f"【长短信第 {self} 段 / part {self} of a long message】"

    @property
    def late_note(self) -> str:
        """A note for a part that came after the others had been taken in without it."""
        return f"【长短信第 {self} 段，迟到 / part {self} of a long message, which came late】"


@dataclass(frozen=True, slots=True)
class PartBytes:
    """The bytes of one part."""

    number: int
    words: bytes
    charset: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The joined text, how its bytes were decoded, and a note if parts are missing."""

    text: str
    readings: tuple[Decoded, ...]
    note: str = ""


def counted(reference: str, number: str, total: str) -> TextPart | None:
    """The part that a gateway's parameters describe; None if they describe a whole message."""
    if not (reference.strip() and number.strip().isdecimal() and total.strip().isdecimal()):
        return None
    part = TextPart(reference.strip()[:100], int(number), int(total))
    return part if _is_possible(part) else None


def split(content: bytes) -> tuple[TextPart | None, bytes]:
    """The part that the header of a message names, and the bytes after the header; None and all bytes if there is no
    header."""
    length = content[0] + 1 if content else 0
    if length == 1 or length > len(content):
        return None, content
    part = _named_in(content[1:length])
    return (part, content[length:]) if part else (None, content)


def _named_in(elements: bytes) -> TextPart | None:
    """The part that the elements of a header name; None if they name none or are malformed."""
    part = None
    while elements:
        if len(elements) < 2 or len(elements) < 2 + elements[1]:
            return None
        kind, value, elements = (elements[0], elements[1]), elements[2 : 2 + elements[1]], elements[2 + elements[1] :]
        if kind in (_SHORT, _LONG):
            part = TextPart(str(int.from_bytes(value[:-2])), value[-1], value[-2])
    return part if part and _is_possible(part) else None


def _is_possible(part: TextPart) -> bool:
    return 1 < part.total <= MOST and 1 <= part.number <= part.total


def joined(pieces: Sequence[PartBytes], total: int) -> Joined:
    """The text of the parts that came. Consecutive parts are decoded together, because networks cut within
    characters."""
    texts, readings, expected = list[str](), list[Decoded](), 1
    for run in _runs(pieces):
        reading = read(b"".join(piece.words for piece in run), run[0].charset, cut=True)
        texts += [GAP, reading.text] if run[0].number > expected else [reading.text]
        readings.append(reading)
        expected = run[-1].number + 1
    if expected <= total:
        texts.append(GAP)
    return Joined("".join(texts), tuple(readings), _missing({piece.number for piece in pieces}, total))


def _runs(pieces: Sequence[PartBytes]) -> list[list[PartBytes]]:
    """Groups of consecutive parts with the same charset."""
    runs = list[list[PartBytes]]()
    for piece in sorted(pieces, key=lambda piece: piece.number):
        last = runs[-1][-1] if runs else None
        if last and (last.number + 1, last.charset) == (piece.number, piece.charset):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _missing(there: set[int], total: int) -> str:
    missing = [number for number in range(1, total + 1) if number not in there]
    if not missing:
        return ""
    zh, en = "、".join(map(str, missing)), ", ".join(map(str, missing))
    return (
        f"【长短信共 {total} 段，第 {zh} 段未收到 / of the {total} parts of a long message, part {en} did not arrive】"
    )
