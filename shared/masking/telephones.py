"""Rules for landlines and foreign telephone numbers. In texts of an office they are kept, as they may be its own."""

import re
from collections.abc import Iterator
from typing import Final

from shared.masking.shadow import Span
from shared.masking.shapes import SIGN, WEAK, is_counted

TELEPHONE: Final = "［电话］"
# With an international prefix (+ or 00); in a chainage (K12+300), a digit is before the +.
_ABROAD: Final = re.compile(
    rf"[+0](?<![0-9A-Za-z].)(?:(?<=\+){WEAK}{{0,2}}(?!86)|0(?=852|853|886)|0(?=[1-9][0-9]{{0,2}}{WEAK}))"
    rf"[1-9][0-9]{{0,2}}\)?{WEAK}{{0,3}}+\(?[0-9](?:[()]?{WEAK}{{0,2}}[()]?[0-9]){{5,12}}+(?![0-9])"
)
_AREA: Final = r"(?:10|2[0-9]|[3-9][0-9]{2})"
_INSIDE: Final = rf"[2-9](?:{WEAK}{{0,2}}+[0-9]){{6,7}}+(?![0-9])"
_LANDLINE: Final = re.compile(
    rf"[(（\[【+0](?<![0-9].)(?<![0-9]\.0)"
    rf"(?:(?:(?<=\+)|(?<=0)0)86{WEAK}{{0,3}}+(?:[(（]0?[1-9][0-9]{{1,2}}[)）]|0?[1-9][0-9]{{1,2}})"
    rf"|(?<=[(（\[【])0{_AREA}[)）\]】]|(?<=0){_AREA}){SIGN}{{0,3}}+{_INSIDE}"
)
_GROUPED: Final = re.compile(rf"0(?<![0-9].)(?<![0-9]\.0){_AREA}({SIGN}{{1,3}})[2-9][0-9]{{2,3}}\1[0-9]{{4}}(?![0-9])")
_LOCAL: Final = re.compile(
    r"(?:电话|座机|固话|宅电|联系方式|致电|打|来电|回电|联系我|Tel|TEL|tel|Phone|phone)给?(?:号码?)?[是为:： .(（]{0,3}"
    rf"([2-9][0-9]{{2,3}}{WEAK}?[0-9]{{4}})(?!{WEAK}?[0-9])"
)
# 400, 800 and other toll-free numbers belong to organisations.
_AMERICAN: Final = re.compile(
    r"[(2-9](?<![0-9+].)(?<![0-9][-. ].)(?:(?<=\()[2-9][0-9]{2}\) ?|(?<=[2-9])[0-9]{2}[-. ])"
    r"(?<!400.)(?<!8[0345678][0345678].)(?<!900.)(?<!\(400\) )(?<!\(800\) )[2-9][0-9]{2}[-. ][0-9]{4}"
    r"(?![0-9]|[-. ][0-9])"
)


def abroad(shadow: str) -> Iterator[Span]:
    """Numbers with the code of another country or region."""
    return ((*match.span(), TELEPHONE) for match in _ABROAD.finditer(shadow))


def landlines(shadow: str) -> Iterator[Span]:
    """Landlines with an area code."""
    return ((*match.span(), TELEPHONE) for match in _LANDLINE.finditer(shadow))


def grouped_landlines(shadow: str) -> Iterator[Span]:
    """Landlines with an area code, and the same separator between all groups."""
    return ((*match.span(), TELEPHONE) for match in _GROUPED.finditer(shadow))


def american(shadow: str) -> Iterator[Span]:
    """Numbers of three, three and four digits."""
    return ((*match.span(), TELEPHONE) for match in _AMERICAN.finditer(shadow))


def local(shadow: str) -> Iterator[Span]:
    """Landlines without an area code, after a word for a telephone."""
    for match in _LOCAL.finditer(shadow):
        if not is_counted(shadow, match.end()):
            yield *match.span(1), TELEPHONE
