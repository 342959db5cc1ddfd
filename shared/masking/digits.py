"""Personal numbers: mobile, land-line, identity and card numbers, with gaps, in full width or in Chinese numerals.

Rules: GB 11643-1999 with ISO 7064 Mod 11-2 for identity numbers, Luhn's digit for cards, the Chinese numbering plan.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from stdnum import luhn
from stdnum.iso7064 import mod_11_2

# Both keep the length of a text, so that a place in the shadow is a place in the text.
# A keycap is a digit and two signs.
_BLANK: Final = "\t\u00a0\u00ad\u2009\u200b\u200c\u200d\u2060\u20e3\u3000\ufe0f\ufeff"
_WIDE: Final = (
    str.maketrans("０１２３４５６７８９（）＋．／＿", "0123456789()+./_")
    | dict.fromkeys(map(ord, "ＸｘⅩⅹ×✕"), "X")
    | dict.fromkeys(map(ord, "－—–‐‑−"), "-")
    | dict.fromkeys(map(ord, _BLANK), " ")
)
_SPOKEN: Final = _WIDE | str.maketrans("零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖", "001234567891123456789")
_RUN: Final = re.compile(r"\d(?:[ -]{0,3}\d){10,}(?:[ -]{0,3}[Xx](?![A-Za-z]))?")
# Every number here has seven signs with at most three between neighbours: without such a run there is nothing to hide.
_DIGIT: Final = "[0-9０-９零〇一二三四五六七八九幺壹贰叁肆伍陆柒捌玖]"
_SEVERAL: Final = re.compile(rf"{_DIGIT}(?:[^\w]{{0,3}}{_DIGIT}){{6}}")
_IDENTITY: Final = re.compile(r"[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]")
_MOBILE: Final = re.compile(r"(?:0|(?:00)?86)?1[3-9]\d{9}")
_DATE: Final = re.compile(r"1[3-9]\d\d-\d{1,2}-\d{1,2}(?!\d)")
# No amount here is in 万 or 亿, which are family names too, as 元 is: 13800138000元女士.
_AMOUNT: Final = re.compile(" ?元(?![旦宵月某]|先生|女士|小姐|老师|师傅)")
# Signs that elsewhere stand in dates, fractions and lists: in groups of three, four and four alone. What looks back
# stands behind the first sign, so that the search leaps from one such sign to the next.
_GROUPED: Final = re.compile(r"(?:1(?<![\d.]1)[3-9]\d([./·_])\d{4}\1|\(1[3-9]\d\)[- ]{0,3}\d{4}[- ]{0,3})\d{4}(?!\d)")
# Hong Kong, Macau and Taiwan.
_ABROAD: Final = re.compile(r"(?:\+|00(?<!\d00))(?:852|853|886)\)?[- ]{0,3}\d(?:[- ]?\d){7,8}(?!\d)")
_LANDLINE: Final = re.compile(
    r"(?:(?:\+|00(?<!\d00))86[- ]{0,3}(?:\(0?[1-9]\d{1,2}\)|0?[1-9]\d{1,2})[- ]{0,3}"
    r"|(?:\(0\d{2,3}\)|0(?<!\d0)\d{2,3})[- ]{0,3}|0(?<![\d.]0)\d{2,3}[./])[2-9](?:[- ]{0,2}\d){6,7}(?!\d)"
)
_LOCAL: Final = re.compile(
    r"(?:电话|座机|固话|宅电|联系方式|[Tt][Ee][Ll])(?:号码?)?[是为:： .(]{0,3}([2-9]\d{2,3}[- ]?\d{4})(?![- ]?\d)"
)
_MAX_GAPS: Final = 4
_ANY: Final = frozenset(range(1, 19))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of number: how it begins and how long it may be, if it stands alone, how it is grouped, what proves it."""

    label: str
    begins: re.Pattern[str]
    lengths: tuple[int, ...]
    alone: bool
    groups: frozenset[int]
    proves: Callable[[str], bool]


_KINDS: Final = (
    Kind(
        "［身份证号］",
        _IDENTITY,
        (18,),
        False,
        _ANY,
        lambda n: bool(_IDENTITY.fullmatch(n)) and mod_11_2.is_valid(n.upper()),
    ),
    Kind(
        "［银行卡号］",
        # Networks' first digits; order numbers begin with a year, and a tenth of them would pass Luhn's test.
        re.compile("[3-6]|81|9[5-9]"),
        (19, 18, 17, 16, 15),
        True,
        frozenset({4, 6}),
        lambda n: n.isdigit() and luhn.is_valid(n),
    ),
    Kind("［手机号］", _MOBILE, (15, 13, 12, 11), True, _ANY, lambda n: bool(_MOBILE.fullmatch(n))),
)


@dataclass(frozen=True, slots=True)
class Run:
    """Digits with gaps between them, where each lies in the text, and whether a gap, an end or an X is beside it."""

    shadow: str
    places: tuple[int, ...]
    digits: str
    edges: tuple[bool, ...]

    def is_grouped(self, start: int, end: int, sizes: frozenset[int]) -> bool:
        """Whether it is written in few groups, all but the last of these sizes; or as the whole run, digit by digit."""
        gaps = sum(after - before > 1 for before, after in pairwise(self.places[start:end]))
        if gaps > _MAX_GAPS:
            return gaps == end - start - 1 == len(self.digits) - 1
        ends = [start, *(n for n in range(start + 1, end) if self.edges[n])]
        return sizes.issuperset(after - before for before, after in pairwise(ends))


Span = tuple[int, int, str]
Look = Callable[[str], Iterable[Span]]


def hide_all_numbers(text: str) -> str:
    """Without personal numbers of any kind; most texts have none, and one look tells."""
    return hide_landlines(hide_numbers(text)) if _SEVERAL.search(text) else text


def hide_numbers(text: str) -> str:
    """Without identity, card and mobile numbers."""
    if not _SEVERAL.search(text):
        return text
    return _hidden(_hidden(text, _WIDE, (_abroad, _grouped, _in_runs)), _SPOKEN, (_in_runs,))


def hide_landlines(text: str) -> str:
    """Without land-lines: those with an area code, and those that are said to be one."""
    return _hidden(text, _WIDE, (_landlines, _locals)) if _SEVERAL.search(text) else text


def _hidden(text: str, letters: Mapping[int, int | str], looks: Iterable[Look]) -> str:
    shadow = text.translate(letters)
    for look in looks:
        if spans := list(look(shadow)):
            text = _labelled(text, spans)
            shadow = text.translate(letters)
    return text


def _labelled(text: str, spans: Iterable[Span]) -> str:
    parts, done = [], 0
    for start, end, label in spans:
        parts += [text[done:start], label]
        done = end
    return "".join([*parts, text[done:]])


def _abroad(shadow: str) -> Iterator[Span]:
    return ((*found.span(), "［电话］") for found in _ABROAD.finditer(shadow))


def _grouped(shadow: str) -> Iterator[Span]:
    return ((*found.span(), "［手机号］") for found in _GROUPED.finditer(shadow))


def _landlines(shadow: str) -> Iterator[Span]:
    return ((*found.span(), "［电话］") for found in _LANDLINE.finditer(shadow))


def _locals(shadow: str) -> Iterator[Span]:
    return ((*found.span(1), "［电话］") for found in _LOCAL.finditer(shadow))


def _in_runs(shadow: str) -> Iterator[Span]:
    return (span for found in _RUN.finditer(shadow) for span in _numbers(_run(shadow, found)))


def _run(shadow: str, found: re.Match[str]) -> Run:
    places = tuple(n for n in range(found.start(), found.end()) if shadow[n] not in " -")
    gaps = (after - before > 1 or shadow[after] in "Xx" for before, after in pairwise(places))
    return Run(shadow, places, "".join(shadow[n] for n in places), (True, *gaps, True))


def _numbers(run: Run) -> Iterator[Span]:
    n = 0
    while n < len(run.digits):
        found = _number_at(run, n)
        if found:
            kind, end = found
            start = run.places[n]
            yield start - (start > 0 and run.shadow[start - 1] == "+"), run.places[end - 1] + 1, kind.label
            n = end
        else:
            n += 1


def _number_at(run: Run, start: int) -> tuple[Kind, int] | None:
    for kind in _KINDS:
        # Asked first, because nearly every digit of a long run fails here.
        if (kind.alone and not run.edges[start]) or not kind.begins.match(run.digits, start):
            continue
        for end in (start + length for length in kind.lengths if start + length <= len(run.digits)):
            if kind.alone and not run.edges[end]:
                continue
            if kind.alone and _is_another(run, start, end):
                continue
            if run.is_grouped(start, end, kind.groups) and kind.proves(run.digits[start:end]):
                return kind, end
    return None


def _is_another(run: Run, start: int, end: int) -> bool:
    """Whether it begins as a date or ends as an amount."""
    first, last = run.places[start], run.places[end - 1] + 1
    return bool(_DATE.match(run.shadow, first) or _AMOUNT.match(run.shadow, last))
