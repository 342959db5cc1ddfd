"""Rules for names beside a title, in brackets, or beside a telephone number: a family name and a usual given name."""

import re
from collections.abc import Iterator
from typing import Final

from shared.masking.names import NAME, WORD
from shared.masking.shadow import Span, apart, behind, whole
from shared.masking.surnames import COMMON, DOUBLE, FAMILY, GIVEN, NO_NAME, PLACE_END

_TITLE: Final = "先生|女士|小姐|太太|同志"
_ROLE: Final = "同学|大爷|大妈|大叔|阿姨|奶奶|爷爷|老人|师傅|婆婆|伯伯|老师|医生|护士"
# Any title after a possible given name. It begins with a character of the title, because that is rarer in other texts.
_TITLES: Final = re.compile(f"[生士姐太志学爷妈叔姨奶人傅婆伯师](?<=[{GIVEN}]..)(?<={_TITLE}|{_ROLE})")
_DOUBLE_GIVEN: Final = rf"(?:{DOUBLE})(?!{NO_NAME})[{GIVEN}]{{1,2}}"
_TITLED: Final = (
    re.compile(
        rf"[{FAMILY}](?!{NO_NAME})(?:[{GIVEN}]{{2}}(?={_TITLE})"
        rf"|(?<=[{COMMON}])(?:[{GIVEN}]{{2}}(?={_ROLE})|[{GIVEN}](?={_TITLE}|{_ROLE})))"
    ),
    re.compile(rf"{_DOUBLE_GIVEN}(?={_TITLE}|{_ROLE})"),
)
_BRACKETS: Final = re.compile(
    rf"([（(【\[“「])(?:[{COMMON}](?!{NO_NAME})[{GIVEN}]{{2}}|{_DOUBLE_GIVEN})(?<![{PLACE_END}])(?=[）)】\]”」])"
)
_PHONE: Final = r"(?:［(?:手机号|电话|微信号|QQ号|身份证号)］|1[3-9]\d{9}(?!\d)|0\d{2,3}[-－— ]?\d{7,8}(?!\d))"
_WORDS: Final = (
    r"(?:的|同志)?[（(：:，,、\s—-]{0,3}+(?:联系)?(?:电话|手机号?码?|方式|号码|微信号?|[Tt][Ee][Ll]|身份证号?码?)?(?:号码?)?"
    r"[是为：:\s（(]{0,3}+"
)
# If no character is before a common family name, the given name may be any characters.
_ANY: Final = rf"(?<=[{COMMON}])(?!{NO_NAME})[\u4e00-\u9fff]{{1,2}}(?<![{PLACE_END}])"
_USUAL: Final = rf"[{GIVEN}]{{2}}(?<![{PLACE_END}])"
_CALLED: Final = (
    re.compile(
        rf"[{FAMILY}](?!{NO_NAME})(?:(?<![\u4e00-\u9fff].)(?:{_ANY}|{_USUAL})|(?<=[{COMMON}]){_USUAL})(?={_WORDS}{_PHONE})"
    ),
    re.compile(rf"{_DOUBLE_GIVEN}(?={_WORDS}{_PHONE})"),
)
_PHONED: Final = re.compile(
    rf"(［(?:手机号|电话)］(?:[（(：:\s]{{0,2}}(?:联系人|找|机主|户主|是)?[：:\s]?|[，,、—-](?:联系人|找|机主|户主)[：:\s]?))(?!{WORD})"
    rf"(?:[{FAMILY}](?!{NO_NAME})(?:{_USUAL}|{_ANY})|{_DOUBLE_GIVEN})(?=[）)，,。；;、\s]|$)"
)
_DIGITS: Final = re.compile("[0-9]{7}")
_OPENING: Final = "（【“「(["


def titled(shadow: str) -> Iterator[Span]:
    """Full names before a title; a family name alone is kept, as it hardly identifies anybody."""
    if _TITLES.search(shadow):
        return apart(span for pattern in _TITLED for span in whole(shadow, pattern, NAME))
    return iter(())


def bracketed_names(shadow: str) -> Iterator[Span]:
    """Full names alone in brackets or quotes."""
    if any(sign in shadow for sign in _OPENING):
        yield from behind(shadow, _BRACKETS, NAME)


def phoned(shadow: str) -> Iterator[Span]:
    """Names before a telephone number or another personal number."""
    if "］" in shadow or (("1" in shadow or "0" in shadow) and _DIGITS.search(shadow)):
        return apart(span for pattern in _CALLED for span in whole(shadow, pattern, NAME))
    return iter(())


def called_at(shadow: str) -> Iterator[Span]:
    """Names after a telephone number."""
    if "］" in shadow:
        yield from behind(shadow, _PHONED, NAME)
