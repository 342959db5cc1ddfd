"""The shadow of a text: a normalised copy, which the rules search, with a mapping back to the original text.

In the shadow, full-width, Arabic-Indic and mathematical digits are ASCII digits, and invisible characters are removed.
So a telephone number is found in any script. The span in the original text is masked; the rest stays unchanged.
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


class MaskRule(NamedTuple):
    """A function that finds spans, and the fewest ASCII digits, letters, and both together of a shadow with a match."""

    look: Look
    digits: int = 0
    letters: int = 0
    both: int = 0


# Format characters, fillers, combining marks and tags: they are not visible as characters of their own.
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
# Letters of other alphabets that look like Latin letters, and characters that are used for another one.
_ALIKE: Final = str.maketrans(
    "АВЕЅІЈКМНОРСТХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΧοЅⅩⅹ○◯⭕﹫﹢⁺₊⠀\x85", "ABESIJKMHOPCTXaesijopcyxABEZHIKMNOPTXoSXx〇〇〇@+++  "
)
# Full-width punctuation that is usual in Chinese texts; the rules treat it like the ASCII form, so it is kept.
_AT_HOME: Final = frozenset("！（），：；？［］～")
_PLANE: Final = 0x10000


def _plain(sign: str) -> str:
    """The ASCII form of a character; the character itself if it has none."""
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
# A list, because a look-up takes half the time of a look-up in a dict.
PLAIN: Final = [None if chr(code) in _DROPPED else _LETTERLIKE.get(code, code) for code in range(_PLANE)]
"""The code point that replaces each code point in the shadow; None: it is removed."""
# The ranges of digits and letters beyond the first plane.
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
"""The positions of a text of usual length: copying a part of it is faster than making a new array."""


def read(text: str) -> str:
    """The shadow of a text."""
    if _ODD.search(text):
        text = text.translate(PLAIN)
    # Only characters beyond the first plane take two units in UTF-16; this is faster than a search.
    if not text.isascii() and len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text) and _ABOVE.search(text):
        text = text.translate(_HIGH)
    return text


def count(shadow: str) -> tuple[int, int]:
    """The number of ASCII digits, and of ASCII letters."""
    characters = shadow.encode("ascii", "ignore")
    others = characters.translate(None, _DIGITS)
    return len(characters) - len(others), len(others) - len(others.translate(None, _LETTERS))


class ShadowedText:
    """A text that is being masked: `shadow` is what the rules read, with a label in place of each masked span."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.shadow = read(text)
        self.digits, self.letters = count(self.shadow)
        self.quiet = 0
        """How many rules have found nothing since the last match."""
        self._places: array[int] | None = None
        """The position in the text of each character of the shadow, and the end, as before `_last`; None at first."""
        self._last: list[Span] = []
        """The spans that were masked last, as positions in the shadow before: `_places` is updated only when needed."""
        self._hidden: list[Span] = []

    def apply(self, rules: Iterable[MaskRule], enough: int) -> None:
        """Apply the rules one after the other, until `enough` rules in a row have found nothing."""
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
        """Replace spans of the shadow by their labels; the spans must be sorted and must not overlap."""
        self._places = places = self._first_places() if self._places is None else self._next_places(self._places)
        self._last = spans
        self.quiet = 0
        shadow = self.shadow
        parts: list[str] = []
        done = 0
        for start, end, label in spans:
            self._hidden.append((places[start], places[end], label))
            parts += shadow[done:start], label
            done = end
        parts.append(shadow[done:])
        self.shadow = "".join(parts)
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
            places = array("I", [n for n, character in enumerate(text) if character not in _DROPPED])
            places.append(len(text))
            return places
        return _USUAL[: len(text) + 1] if len(text) < len(_USUAL) else array("I", range(len(text) + 1))

    def text(self) -> str:
        """The text, with a label in place of each masked span."""
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
    """The whole matches of a pattern."""
    return ((*match.span(), label) for match in pattern.finditer(shadow))


def behind(shadow: str, pattern: re.Pattern[str], label: str) -> Iterable[Span]:
    """The parts of a pattern's matches after its first group, which is kept."""
    return ((match.end(1), match.end(), label) for match in pattern.finditer(shadow))


def one_of(words: str) -> str:
    """A pattern for words that are separated by `|`; words with the same first character share a branch, for speed."""
    ends: dict[str, list[str]] = {}
    for word in words.split("|"):
        ends.setdefault(word[0], []).append(word[1:])
    return f"(?:{'|'.join(f'{first}(?:{chr(124).join(rest)})' for first, rest in ends.items())})"


def apart(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans, sorted and without those that overlap an earlier one."""
    done = 0
    for span in sorted(spans):
        if span[0] >= done:
            yield span
            done = span[1]
