"""A text as the rules read it: one script of digits and letters and nothing invisible, with the way back to the text.

Whoever writes a telephone number in full-width, Arabic-Indic or mathematical digits, or with invisible characters
between, is read as if it were written plainly; what is hidden is the original span, and all else stays as it was.
"""

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from string import ascii_letters
from typing import Final, NamedTuple

Span = tuple[int, int, str]
Look = Callable[[str], Iterable[Span]]


class Rule(NamedTuple):
    """A look, and how many ASCII digits, letters and both together a shadow has at least in which it finds anything."""

    look: Look
    digits: int = 0
    letters: int = 0
    both: int = 0


# Format characters, fillers, marks that are drawn onto the sign before, tags: nobody sees them as a sign of their own.
_INVISIBLE: Final = (
    "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f\u00ad\u0300-\u036f\u0483-\u0489\u061c\u070f\u115f\u1160\u17b4\u17b5"
    "\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20f0\u3164\ufe00-\ufe0f\ufe20-\ufe2f\ufeff\uffa0"
    "\ufff9-\ufffb"
)
_INVISIBLE_BEYOND: Final = ((0x1BCA0, 0x1BCA4), (0x1D173, 0x1D17B), (0xE0000, 0xE1000))
_UNSEEN: Final = re.compile(f"[{_INVISIBLE}]")
_DROPPED: Final = frozenset(
    chain(
        filter(_UNSEEN.match, map(chr, range(0x10000))),
        map(chr, chain.from_iterable(range(*bounds) for bounds in _INVISIBLE_BEYOND)),
    )
)
# Letters of other alphabets that look like Latin ones, and signs that stand for another one.
_ALIKE: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΧοЅⅩⅹ○◯⭕﹫﹢⁺₊⠀\x85", "ABESIJKMHOPCTXaesijopcyxABEZHIKMNOPTXoSXx〇〇〇@+++  "
)
# Full-width signs that stand in every Chinese text, and mean the same to the rules as they are.
_AT_HOME: Final = frozenset("！（），：；？［］～")
_PLANE: Final = 0x10000


def _plain(sign: str) -> str:
    """The ASCII digit, letter or sign that a character is another form of; itself where there is none."""
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    if ord(sign) >= _PLANE and sign.isdigit():
        return str(unicodedata.digit(sign))
    if unicodedata.decomposition(sign).startswith(("<wide>", "<font>", "<circle>", "<square>")):
        other = unicodedata.normalize("NFKC", sign)
        if other.isascii() and (len(other) == 1) and not other.isdigit() and sign not in _AT_HOME:
            return other
    return chr(_ALIKE.get(ord(sign), ord(sign)))


def _forms(codes: Iterable[int]) -> dict[int, int]:
    return {code: ord(plain) for code in codes if (plain := _plain(sign := chr(code))) != sign}


_LETTERLIKE: Final = _forms(chain(range(0x80, 0x3400), range(0xA000, 0xAC00), range(0xF900, _PLANE)))
# A list is looked up twice as fast as a dict that lacks most characters.
PLAIN: Final = [None if chr(code) in _DROPPED else _LETTERLIKE.get(code, code) for code in range(_PLANE)]
"""What each sign is read as, by its number; none where it is not read at all."""
# Where digits and letters stand beyond the first plane.
_BEYOND: Final = (
    (0x10400, 0x12000), (0x16A60, 0x16B60), (0x16D70, 0x16D7A), (0x1D400, 0x1D800), (0x1E140, 0x1E150),
    (0x1E2F0, 0x1E2FA), (0x1E4F0, 0x1E5FB), (0x1E950, 0x1E95A), (0x1F100, 0x1F18A), (0x1FBF0, 0x1FBFA),
)  # fmt: skip
_HIGH: Final = {
    **_forms(chain.from_iterable(range(*bounds) for bounds in _BEYOND)),
    **{ord(sign): None for sign in _DROPPED if ord(sign) >= _PLANE},
}
_ODD: Final = re.compile(f"[{_INVISIBLE}{''.join(map(chr, _LETTERLIKE))}]")
_ABOVE: Final = re.compile(
    f"[{''.join(f'{chr(first)}-{chr(end - 1)}' for first, end in (*_BEYOND, *_INVISIBLE_BEYOND))}]"
)
_DIGITS: Final = b"0123456789"
_LETTERS: Final = ascii_letters.encode()
_USUAL: Final = array("I", range(8193))
"""The places of the signs of a text of usual length: a part of it is copied faster than it is made."""


def read(text: str) -> str:
    """The shadow of a text."""
    if _ODD.search(text):
        text = text.translate(PLAIN)
    # In UTF-16 only signs beyond the first plane take two units: told faster than by a search.
    if not text.isascii() and len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text) and _ABOVE.search(text):
        text = text.translate(_HIGH)
    return text


def count(shadow: str) -> tuple[int, int]:
    """How many ASCII digits and letters there are."""
    signs = shadow.encode("ascii", "ignore")
    others = signs.translate(None, _DIGITS)
    return len(signs) - len(others), len(others) - len(others.translate(None, _LETTERS))


class Draft:
    """A text in work: `shadow` is what the rules read, with a label where something is hidden already."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.shadow = read(text)
        self.digits, self.letters = count(self.shadow)
        self.quiet = 0
        """How many rules looked in vain since the last one that found anything."""
        self._places: array[int] | None = None
        """Where each sign of the shadow stood in the text, and its end, before `_last` was hidden; none at first."""
        self._last: list[Span] = []
        """What was hidden last, by its places in the shadow before: their way back is needed if more is hidden."""
        self._hidden: list[Span] = []

    def apply(self, rules: Iterable[Rule], enough: int) -> None:
        """Hide what the rules find, one after the other, until `enough` rules in a row have looked in vain."""
        for look, digits, letters, both in rules:
            if digits > self.digits or letters > self.letters or both > self.digits + self.letters:
                self.quiet += 1
            elif spans := [*look(self.shadow)]:
                self.hide(spans)
            else:
                self.quiet += 1
            if self.quiet == enough:
                return

    def hide(self, spans: list[Span]) -> None:
        """Put a label over each span of the shadow, which come in order and apart."""
        self._places = places = self._first_places() if self._places is None else self._next_places(self._places)
        self._last = spans
        self.quiet = 0
        shadow = self.shadow
        signs: list[str] = []
        done = 0
        for start, end, label in spans:
            self._hidden.append((places[start], places[end], label))
            signs += shadow[done:start], label
            done = end
        signs.append(shadow[done:])
        self.shadow = "".join(signs)
        self.digits, self.letters = count(self.shadow)

    def _next_places(self, places: "array[int]") -> "array[int]":
        following = array("I")
        done = 0
        for start, end, label in self._last:
            following += places[done:start]
            following += array("I", (places[start],)) * len(label)
            done = end
        following += places[done:]
        return following

    def _first_places(self) -> "array[int]":
        text = self._text
        if len(self.shadow) < len(text):
            places = array("I", [n for n, sign in enumerate(text) if sign not in _DROPPED])
            places.append(len(text))
            return places
        return _USUAL[: len(text) + 1] if len(text) < len(_USUAL) else array("I", range(len(text) + 1))

    def text(self) -> str:
        """The text, with a label instead of each hidden span."""
        parts: list[str] = []
        done = 0
        text = self._text
        for start, end, label in sorted(self._hidden, key=_first_and_longest):
            if start >= done:
                parts += text[done:start], label
                done = end
        return "".join([*parts, text[done:]]) if parts else text


def _first_and_longest(span: Span) -> tuple[int, int]:
    return span[0], -span[1]


def whole(shadow: str, pattern: re.Pattern[str], label: str) -> Iterable[Span]:
    """Everything that the pattern finds."""
    return ((*match.span(), label) for match in pattern.finditer(shadow))


def behind(shadow: str, pattern: re.Pattern[str], label: str) -> Iterable[Span]:
    """What the pattern finds behind its first group, which leads to it and stays."""
    return ((match.end(1), match.end(), label) for match in pattern.finditer(shadow))


def one_of(words: str) -> str:
    """A pattern for the words between the strokes, those that begin alike together: it is left sooner."""
    ends: dict[str, list[str]] = {}
    for word in words.split("|"):
        ends.setdefault(word[0], []).append(word[1:])
    return f"(?:{'|'.join(f'{first}(?:{chr(124).join(rest)})' for first, rest in ends.items())})"


def apart(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in order, without those that overlap an earlier one."""
    done = 0
    for span in sorted(spans):
        if span[0] >= done:
            yield span
            done = span[1]
