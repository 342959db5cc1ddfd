"""Rules for numbers of identity cards and bank cards, and for numbers that are longer than any personal number.

Standards: GB 11643-1999 with ISO 7064 Mod 11-2 for identity numbers, GB/T 2260 for their first two digits, the Luhn
algorithm for cards.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from operator import mul
from typing import Final

from shared.masking.shadow import Span
from shared.masking.shapes import GAP, SIGN, is_amount, is_document

IDENTITY: Final = "［身份证号］"
CARD: Final = "［银行卡号］"
_MANY: Final = re.compile("[0-9](?<![0-9][0-9])[0-9]{40,}")
_G: Final = rf"{SIGN}{{0,3}}+"
_X: Final = "[0-9Xx×✕]"
# The area, the century and year, month, day, serial and check digit, in any grouping.
_LONG: Final = re.compile(
    rf"[1-9](?:(?<![0-9][0-9])|(?<=[^0-9]1[0-9]{{11}})|(?<=^1[0-9]{{11}}))([0-9]{{2}}(?:{_G}[0-9]){{3}}{_G}(?:1{_G}[89]|2{_G}0)(?:{_G}[0-9]){{2}}"
    rf"{_G}(?:0{_G}[1-9]|1{_G}[0-2]){_G}(?:0{_G}[1-9]|[12]{_G}[0-9]|3{_G}[01])(?:{_G}[0-9]){{3}}{SIGN}{{0,3}}?{_X})"
    r"(?:(?![0-9])|(?=1[3-9][0-9]{9}(?![0-9])))"
)
_PROVINCE: Final = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
# Numbers from before 1999: no century, no check digit.
_SHORT: Final = re.compile(
    rf"[1-8](?<![0-9A-Za-z].)[0-9]{{5}}({SIGN}{{0,3}}+)[0-9]{{2}}"
    r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])\1[0-9]{3}(?![0-9A-Za-z])"
)
_NAMED: Final = re.compile(r"(?:身份证|证件|[Ii][Dd])(?:号码?)?[是为:：（(\s]{0,3}$")
# Order numbers and serial numbers of offices have a recent date in the same place.
_LAST_YEAR: Final = 2009
_MAX_GAPS: Final = 4
# The weights of the digits before the check digit, from the first to the last.
_WEIGHTS: Final = [2**place % 11 for place in range(17, 0, -1)]
# The first digits of card networks. Order numbers begin with a year, and a tenth of them would pass Luhn's test. All
# groups of digits together are a card number, or none of them is.
_CARD: Final = re.compile(
    rf"[3-689](?<![0-9].)(?:(?<=[3-6])|(?<=8)(?=1)|(?<=9)(?=[5-9]))"
    rf"(?:[0-9]{{14,18}}(?![0-9])|(?<![0-9]{SIGN}[0-9])[0-9]{{3}}(?:[0-9]{{2}})?"
    rf"(?:{SIGN}{{1,3}}+[0-9]{{4}}(?:[0-9]{{2}})?(?![0-9])){{0,3}}{SIGN}{{1,3}}+[0-9]{{1,13}}(?![0-9]))"
)
_CARD_LENGTHS: Final = range(15, 20)
_NO_DIGIT: Final = re.compile("[^0-9]+")
_TIMES: Final = str.maketrans("×✕", "XX")
_ZERO: Final = ord("0")
_TWICE: Final = bytes.maketrans(b"0123456789", b"0246813579")


def too_long(shadow: str) -> Iterator[Span]:
    """More than forty digits in a row: no document has such a number, but it may contain a personal one."""
    return ((*match.span(), "［号码］") for match in _MANY.finditer(shadow))


def identities(shadow: str) -> Iterator[Span]:
    """Identity numbers of eighteen digits."""
    for match in _LONG.finditer(shadow):
        if _is_identity(shadow, match):
            yield match.start(), match.end(1), IDENTITY


def old_identities(shadow: str) -> Iterator[Span]:
    """Identity numbers of fifteen digits."""
    for match in _SHORT.finditer(shadow):
        if _PROVINCE.match(match[0]) and not (is_document(shadow, match.start()) or is_amount(shadow, match.end())):
            yield *match.span(), IDENTITY


def _is_identity(shadow: str, match: re.Match[str]) -> bool:
    written = shadow[match.start() : match.end(1)]
    number, gaps = (written, 0) if written.isdecimal() else (digits(written), len(GAP.findall(written)))
    if gaps <= _MAX_GAPS and proves_identity(number):
        return True
    # A number with a typing error is a personal number too.
    if gaps >= _MAX_GAPS or not _PROVINCE.match(number):
        return False
    named = _NAMED.search(shadow, max(0, match.start() - 10), match.start())
    return bool(named) or (int(number[6:10]) <= _LAST_YEAR and not is_document(shadow, match.start()))


def proves_identity(number: str) -> bool:
    """Whether a number of eighteen digits has the right check digit."""
    if len(number) != 18 or not number[:-1].isdecimal():
        return False
    check = 10 if number[-1] == "X" else int(number[-1])
    weighed: int = sum(map(mul, _WEIGHTS, number.encode())) - _ZERO * sum(_WEIGHTS)
    return (weighed + check) % 11 == 1


def proves_card(number: str) -> bool:
    """Whether a number has the right Luhn check digit: every second digit counts twice, 16 as 1 + 6."""
    if not number.isdecimal():
        return False
    codes = number.encode()  # to sum character codes takes a third of the time of converting digits
    return (sum(codes[::-2]) + sum(codes[-2::-2].translate(_TWICE)) - _ZERO * len(codes)) % 10 == 0


def cards(shadow: str) -> Iterator[Span]:
    """Numbers of bank cards."""
    for match in _CARD.finditer(shadow):
        written = match[0]
        number = written if written.isdecimal() else digits(written)
        if len(number) in _CARD_LENGTHS and proves_card(number) and not is_amount(shadow, match.end()):
            yield *match.span(), CARD


def digits(written: str) -> str:
    """The digits alone, with X for a check character at the end (× counts as X there, elsewhere as a separator)."""
    return _NO_DIGIT.sub("", written[:-1]) + written[-1].translate(_TIMES).upper()


def groups(written: str) -> list[str]:
    """The groups of digits."""
    return [group for group in GAP.split(written) if group]


def ascends(written: str) -> bool:
    """Whether the groups are a list of numbers in ascending order."""
    parts = groups(written)
    return not any(part.startswith("0") for part in parts) and all(int(a) < int(b) for a, b in pairwise(parts))
