"""Demand numbers: short, with a check character that finds typing errors, and read in any spelling.

Rule: ISO 7064 Mod 37,36 over letters and digits; it finds every single wrong character and every swap of neighbours.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import product
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints
from stdnum.iso7064 import mod_37_36

from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.wording import Identifier

EXAMPLE: Final = "NH21-001335-9"
AS_TYPED: Final = "as people type it: small letters, without hyphens, O for 0"
LONGEST: Final = 64
"""The most characters of a typed number, with brackets and blanks around it."""

# Groups of characters that people confuse. The first one is the digit that is meant if a digit is expected.
_ALIKE: Final = ("0ODQ", "1IL", "2Z", "5S", "6G", "8B")
_GROUP: Final = {character: group for group in _ALIKE for character in group}
_DIGIT: Final = str.maketrans({character: group[0] for group in _ALIKE for character in group[1:]})
_DIGITS: Final = f"0-9{''.join(group[1:] for group in _ALIKE)}"
_SHAPE: Final = re.compile(rf"([0-9A-Z]{{2}})([{_DIGITS}]{{2}})([{_DIGITS}]{{6,}})([0-9A-Z])")
_CALLED: Final = re.compile(r"^(?:诉求)?编号(?:是|为)?")

# A number within a text, before it is read: no letter or digit may follow its last character.
_SIGN: Final = r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]"
_GAP: Final = r"[\s\-－—–_.·]{0,3}"
_WITHIN: Final = re.compile(
    rf"(?<!{_SIGN})[A-Za-zＡ-Ｚａ-ｚ01０１]{{2}}{_GAP}{_SIGN}{{2}}{_GAP}{_SIGN}{{6,9}}?{_GAP}{_SIGN}(?!{_SIGN})"
)
_OPENS: Final = re.compile(r"[\s#＃【\[［(（「“\"']*(?:(?:诉求)?编号(?:是|为)?)?[\s:：#＃【\[［(（「“\"']*")
_CLOSES: Final = re.compile(r"[\s】\]］)）」”\"',.:;，。：；、#＃]*")


def number(prefix: str, year: int, serial: int) -> str:
    """Make a number such as `NH21-001335-9`: jurisdiction, year, serial, check character."""
    head, tail = f"{prefix}{year % 100:02d}", f"{serial:06d}"
    return f"{head}-{tail}-{mod_37_36.calc_check_digit(head + tail)}"


def canonical(written: str) -> str | None:
    """The number as it is stored; None if the typed number is not valid.

    Accepts small letters, any digits, any separators and brackets, and characters that look alike (O for 0, I or l for
    1). A check character may also stand for one that looks alike; so such a number hides one of twenty errors.
    Where that matters, the demand's secret code is asked too.
    """
    shape = _SHAPE.fullmatch(_CALLED.sub("", _plain(written)))
    if not shape:
        return None
    year, serial, check = shape[2].translate(_DIGIT), shape[3].translate(_DIGIT), shape[4]
    checks = [(prefix, mod_37_36.calc_check_digit(prefix + year + serial)) for prefix in _prefixes(shape[1])]
    exact = [(prefix, meant) for prefix, meant in checks if meant == check]
    alike = [(prefix, meant) for prefix, meant in checks if meant in _GROUP.get(check, "")]
    return next((f"{prefix}{year}-{serial}-{meant}" for prefix, meant in (*exact, *alike)), None)


def read_number(written: str, *, field: str = "number") -> str:
    """The number as it is stored; raises `Refused` if the typed number is not valid."""
    number = canonical(written)
    if number is None:
        en = f"{written!r} is not a demand number: its check character is wrong; check it for a typing error"
        zh = f"没有 {written} 这个编号，请核对是否抄错"
        raise Refused(Code.NOT_FOUND, en, zh, (FieldError(field, zh, en, EXAMPLE),))
    return number


DemandNumber = Annotated[
    str, StringConstraints(max_length=LONGEST), AfterValidator(read_number), Identifier("a demand's number")
]
"""The type of parameters that take a number; validation raises `Refused`, which says what is wrong."""


def number_first(text: str) -> tuple[str | None, str]:
    """The number at the beginning of a text, with or without brackets, and the rest; without a number: None and the
    whole text."""
    match = _WITHIN.match(text, _end(_OPENS, text, 0))
    number = canonical(match[0]) if match else None
    return (number, text[_end(_CLOSES, text, match.end()) :]) if match and number else (None, text)


def numbers_in(text: str) -> Iterator[tuple[str, str]]:
    """All numbers in a text, each with the text that follows it."""
    for match in _WITHIN.finditer(text):
        if number := canonical(match[0]):
            yield number, text[match.end() :]


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _plain(written: str) -> str:
    """Capital letters and ASCII digits only; separators, brackets and invisible characters are removed."""
    characters = unicodedata.normalize("NFKC", written).upper()
    return "".join(_digit(character) for character in characters if unicodedata.category(character)[0] not in "PSZCM")


def _digit(character: str) -> str:
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _prefixes(typed: str) -> Iterator[str]:
    """All spellings of a prefix of two letters: a digit may stand for each letter that looks like it."""
    choices = (_GROUP[c][1:] if c.isdigit() and c in _GROUP else c for c in typed)
    yield from map("".join, product(*choices))
