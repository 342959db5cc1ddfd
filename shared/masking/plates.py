"""Rules for number plates and for numbers of personal documents: passports, permits, certificates."""

import re
from collections.abc import Iterator
from typing import Final

from shared.masking.shadow import Span, behind, whole

_PROVINCE: Final = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼]"
_MARK: Final = r"[·•・‧∙⋅.*_~|/\-－–— ]{0,2}"
# GA 36-2018: a letter, then five characters (six for new-energy cars). With separators or small letters, a digit is
# required.
_PLATE: Final = re.compile(
    rf"{_PROVINCE}(?:[A-HJ-NP-Z]{_MARK}[A-HJ-NP-Z0-9]{{4,5}}[A-HJ-NP-Z0-9挂学警港澳领使]"
    rf"|(?<![最更全高创]新){_MARK}(?=[A-Za-z]{_MARK}[A-Za-z]{{0,4}}\d)"
    rf"[A-HJ-NP-Za-hj-np-z]{_MARK}[A-HJ-NP-Za-hj-np-z0-9]{{4,5}}[A-HJ-NP-Za-hj-np-z0-9挂学警港澳领使])"
)
# Plates of the armed police, the armed forces and embassies.
_SPECIAL: Final = re.compile(
    rf"[Ww军空海北沈兰济南广成使](?:(?<=[Ww])[Jj]{_MARK}{_PROVINCE}?{_MARK}\d{{4,5}}[A-Za-z0-9]?(?![A-Za-z0-9])"
    rf"|(?<=[军空海北沈兰济南广成])[A-Z]{_MARK}\d{{5}}(?![A-Za-z0-9])"
    rf"|(?<=使)(?<![即大行促假天迫致驱]使){_MARK}\d{{6}}(?![0-9元万米年]))"
)
_SIGN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z\W]{3}")
_NAMED: Final = re.compile(
    rf"((?:车牌|牌照|车号|号牌)(?:号码?)?[是为:：（( ]{{0,3}})"
    rf"(?=[A-Za-z]{_MARK}[A-Za-z]{{0,4}}\d)[A-Za-z]{_MARK}[A-Za-z0-9]{{4,6}}(?![A-Za-z0-9])"
)
_PAPER: Final = (
    "护照|回乡证|通行证|台胞证|香港身份证|澳门身份证|台湾身份证|居住证|暂住证|居留证|居留身份证|驾驶证|驾照|军官证|警官证|士兵证"
    "|士官证|文职干部证|退伍证|退役证|残疾人?证|学生证|学籍|工作证|结婚证|离婚证|出生(?:医学)?证明?|社保卡?|社会保障卡?|医保卡?"
    "|户口[簿本]"
)
_PERMIT: Final = re.compile(
    rf"((?:{_PAPER})(?:编号|号码?)?[是为:：# (（]{{0,3}})"
    r"[A-Za-z]{0,3} ?\d{6,18}[A-Za-z]?(?:[（(][\dAa][)）])?(?![\dA-Za-z年月日元])"
)
_MILITARY: Final = re.compile(
    rf"((?:{_PAPER})(?:编号|号码?)?[是为:： (（]{{0,3}}|(?=[军武政后装参海空沈北济南广成兰]字))"
    r"[\u4e00-\u9fff]{1,2}字?第 ?\d{5,9} ?号?"
)
_ENGLISH: Final = re.compile(
    r"([PpLlSs](?<![A-Za-z].)(?i:assport|icen[sc]e|ermit|sn|ocial security)"
    r"(?i: (?:no\.?|number|num|id))?[ :：#]{1,3}(?i:is )?)"
    r"(?:[A-Za-z]{0,2}\d{6,9}[A-Za-z]?|\d{3}-\d{2}-\d{4})(?![A-Za-z0-9])"
)


def plates(shadow: str) -> Iterator[Span]:
    """Number plates with their province."""
    if _SIGN.search(shadow):
        yield from whole(shadow, _PLATE, "［车牌］")


def special_plates(shadow: str) -> Iterator[Span]:
    """Number plates of the armed forces and embassies."""
    if _SIGN.search(shadow):
        yield from whole(shadow, _SPECIAL, "［车牌］")


def named_plates(shadow: str) -> Iterator[Span]:
    """Number plates without a province, after a word for them."""
    if "牌" in shadow or "车号" in shadow:
        yield from behind(shadow, _NAMED, "［车牌］")


def permits(shadow: str) -> Iterator[Span]:
    """Numbers of documents after the document's name."""
    if _SIGN.search(shadow):
        yield from behind(shadow, _PERMIT, "［证件号］")


def military_permits(shadow: str) -> Iterator[Span]:
    """Numbers of the form 军字第…号."""
    if "第" in shadow:
        yield from behind(shadow, _MILITARY, "［证件号］")


def english_permits(shadow: str) -> Iterator[Span]:
    """Numbers of documents after the document's English name."""
    if _SIGN.search(shadow):
        yield from behind(shadow, _ENGLISH, "［证件号］")
