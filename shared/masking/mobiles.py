"""Rules for mobile numbers of mainland China, in any grouping: a 1, a digit from 3 to 9, and nine more digits."""

import re
from collections.abc import Iterator
from typing import Final

from shared.masking.identities import CARD, IDENTITY, ascends, digits, groups, proves_card, proves_identity
from shared.masking.shadow import Span
from shared.masking.shapes import BREAK, SIGN, WEAK, is_amount, is_counted

MOBILE: Final = "［手机号］"
_BLANK: Final = rf"(?:{WEAK}|{BREAK})"
# A pattern begins with a rare character, and checks what is before it by lookbehind, so that the search is fast.
_FIRST: Final = r"1(?:(?<![0-9]1)|(?<=861)|(?<=01))"
_PREFIX: Final = re.compile(rf"(?<![0-9])(?:\+?\(?(?:00)?86\)?{WEAK}{{0,3}}|\+?0|\+)$")
_REACH: Final = 10
# Four single digits at the beginning are part of a chain of single digits, which `one_by_one` checks as a whole.
_LOOSE: Final = re.compile(
    rf"{_FIRST}(?!{_BLANK}{{1,3}}[3-9]{_BLANK}{{1,3}}[0-9]{_BLANK}{{1,3}}[0-9](?![0-9]))"
    rf"{_BLANK}{{0,3}}+[3-9](?:{_BLANK}{{0,3}}+[0-9]){{9}}(?![0-9])"
)
_BLANKS: Final = re.compile(rf"{_BLANK}+")
_BROKEN: Final = re.compile(BREAK)
_DATE: Final = re.compile(r"1[3-9]\d\d-\d{1,2}-\d{1,2}(?!\d)")
# The same one to three separators between all groups.
_TIGHT: Final = re.compile(
    rf"{_FIRST}(?<![0-9][.,]1)[3-9](?:[0-9]({SIGN}{{1,3}})[0-9]{{4}}\1[0-9]{{4}}"
    rf"|[0-9]({SIGN}{{1,3}})[0-9]{{3}}\2[0-9]{{5}}|[0-9]{{2}}({SIGN}{{1,3}})[0-9]{{3}}\3[0-9]{{4}}"
    rf"|[0-9]({SIGN}{{1,3}})[0-9]{{2}}(?:\4[0-9]{{2}}){{3}}|[0-9][(（\[【][0-9]{{4}}[)）\]】][0-9]{{4}})"
    r"(?![0-9]|[.,][0-9])"
)
_BRACKETED: Final = re.compile(
    rf"[(（\[【<《「“\"](?<![0-9].)\s?(?:\+?(?:00)?86{WEAK}?)?1[3-9][0-9]\s?[)）\]】>》」”\"]"
    rf"{SIGN}{{0,3}}+[0-9]{{4}}{SIGN}{{0,3}}+[0-9]{{4}}(?![0-9])"
)
_SINGLE: Final = re.compile(
    rf"[0-9](?<![0-9][0-9])({SIGN}{{1,3}})[0-9](?![0-9])(?:\1[0-9](?![0-9])){{5,}}+(?:\1[Xx×✕](?![A-Za-z]))?"
)
_MOBILE: Final = re.compile(r"(?:0|(?:00)?86)?1[3-9][0-9]{9}")
_MAX_GAPS: Final = 4
_CARD_LENGTHS: Final = range(15, 20)
_LONGEST: Final = 73
"""The length of nineteen digits with three separators between each two."""
_MOST_DOUBTS: Final = 64
"""The most candidates of a text that are checked in vain; later ones are masked without a check."""


def mobiles(shadow: str) -> Iterator[Span]:
    """Numbers without separators, or with blanks and dashes."""
    place, doubts = 0, 0
    while match := _LOOSE.search(shadow, place):
        first = _start_with_prefix(shadow, match.start())
        if first is None or (doubts < _MOST_DOUBTS and not _is_mobile(shadow, match)):
            doubts += first is not None
            place = match.start() + 1
        else:
            yield first, match.end(), MOBILE
            place = match.end()


def _start_with_prefix(shadow: str, start: int) -> int | None:
    """The start of a number with its prefix; None if other digits are before it."""
    if prefix := _PREFIX.search(shadow, max(0, start - _REACH), start):
        return prefix.start()
    return None if shadow[start - 1 : start].isdigit() else start


def _is_mobile(shadow: str, match: re.Match[str]) -> bool:
    first, last = match.span()
    if _DATE.match(shadow, first) or is_amount(shadow, last):
        return False
    gaps = _BLANKS.findall(match[0])
    broken = sum(bool(_BROKEN.search(gap)) for gap in gaps)
    if broken:
        return broken == len(gaps) == 1 or (len(gaps) == 2 and [*map(len, groups(match[0]))] == [3, 4, 4])
    return len(gaps) <= _MAX_GAPS or (_is_in_pairs(match[0]) and not is_counted(shadow, last))


def _is_in_pairs(written: str) -> bool:
    sizes = [len(group) for group in groups(written)]
    return len(sizes) == 6 and max(sizes) == 2 and not ascends(written)


def separated(shadow: str) -> Iterator[Span]:
    """Numbers with other separators: in usual groups, and with the same separator between all of them."""
    for match in _TIGHT.finditer(shadow):
        first = _start_with_prefix(shadow, match.start())
        if first is not None and not is_counted(shadow, match.end()):
            yield first, match.end(), MOBILE


def bracketed(shadow: str) -> Iterator[Span]:
    """Numbers with their first three digits in brackets."""
    return ((*match.span(), MOBILE) for match in _BRACKETED.finditer(shadow))


def one_by_one(shadow: str) -> Iterator[Span]:
    """Personal numbers of any kind that are written as single digits with the same separator."""
    for match in _SINGLE.finditer(shadow):
        gap, (start, end) = match[1], match.span()
        label = _kind(digits(match[0])) if end - start <= _LONGEST else None
        if not label:
            continue
        after, before = end + len(gap), start - len(gap)
        more = shadow.startswith(gap, end) and shadow[after : after + 1].isdigit()
        if not more and not (before > 0 and shadow.startswith(gap, before) and shadow[before - 1].isdigit()):
            yield start, end, label


def _kind(number: str) -> str | None:
    if _MOBILE.fullmatch(number):
        return MOBILE
    if len(number) == 18 and proves_identity(number):
        return IDENTITY
    if len(number) in _CARD_LENGTHS and number[0] in "34568 9" and proves_card(number):
        return CARD
    return None
