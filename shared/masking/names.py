"""Rules for names that are introduced: an introducing word, a family name, one or two more characters, and an end.

Other names cannot be distinguished from words without guessing, and are kept. `beside` handles names beside a title or
a telephone number.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from shared.masking.shadow import MaskRule, Span, behind, one_of
from shared.masking.surnames import COMMON, DOUBLE, FAMILY, FAMILY_LABELLED, GIVEN, NO_NAME, PLACE_END, SOUNDS

NAME: Final = "［姓名］"
_HAN: Final = r"[\u4e00-\u9fff]"
# Words that introduce the next person, if no punctuation separates them.
_NEXT: Final = "我叫|我名叫|本人|我是"
_B: Final = r"[ \u3000]?"
_GIVEN: Final = rf"(?!{NO_NAME}|{_NEXT}){_HAN}(?:{_B}(?!{_NEXT}|[男女是系今现身电手联家住来就行]){_HAN})?"
_NAME: Final = rf"(?:(?:{DOUBLE})|[{FAMILY}]){_GIVEN}"
_SPACED_NAME: Final = rf"(?:(?:{DOUBLE})|[{FAMILY}{FAMILY_LABELLED}]){_B}{_GIVEN}"
_END: Final = (
    rf"(?=$|[^\u4e00-\u9fff]|[男女]|是|系(?!统)|今年|现年|身份证|电话|手机|联系|家住|来自|先生|女士|就[行好可]|{_NEXT})"
)
# A name of several parts (买买提·艾力), and a transcribed name of another language.
_DOT: Final = r"[·•・‧∙⋅.．]"
_DOTTED: Final = rf"{_HAN}{{1,9}}(?:{_DOT}{_HAN}{{1,9}}){{1,3}}"
_SOUNDED: Final = rf"[{SOUNDS}]{{2,9}}(?:{_DOT}[{SOUNDS}]{{2,9}}){{1,3}}"
_SOUNDED_ALONE: Final = rf"[{SOUNDS}]{{4,9}}"
_LATIN: Final = r"[A-Z][a-z'’-]+(?: [A-Z]\.?)?(?: [A-Z][a-z'’-]+){0,2}(?![A-Za-z])"
_ABOUT: Final = r"[男女]|现年|今年|家住|系(?!统)|是一|\d\d岁"
_DETAILS: Final = rf"(?=[，,、（(：:\s]{{0,3}}(?:{_ABOUT})|[，,、（(：:\s]{{1,3}}(?:身份证|联系|电话|手机|住|是|\d|［))"
# Words that begin like a common family name: 本人孙子今年, 本人董事会, 本人付款后.
WORD: Final = (
    "孙[子女儿]|董事|周[末边围]|周[一二三四五六日][上下早晚前后]|付[款出了清费过完给全]|余[下款生]|田[地里间]|夏[天季]"
    "|钱[包款财]|张[贴罗口]|陈[述诉]|黄[昏牛]|何[时况必种]|胡[乱说]|谢[谢绝]|范围|顾[虑客及]|戴[着上了]|莫[名大非]|陆续|雷同"
)
# A place, not a person (“我是罗村，住在沙坑”): its second character is hardly ever a given name.
_PLACE: Final = r"[\u4e00-\u9fff][村镇县区庄街岗岐]人?(?![\u4e00-\u9fff])"
_CALLED: Final = re.compile(
    r"((?:我叫|我名叫|名字叫|名字是|本人叫|本人名叫|本人姓名|叫我|她叫|他叫)做?"
    rf"[，,：: 是为“‘「『\"]{{0,3}})(?:{_SPACED_NAME}{_END}|{_DOTTED}|{_SOUNDED_ALONE}{_END}|{_LATIN})"
)
_SURNAMED: Final = re.compile(
    rf"((?:敝姓|鄙姓|免贵姓|我姓|本人姓))(?:(?:{DOUBLE})|{_HAN})[，,、 ]?(?:单?名|叫|字)[叫是 ]?{_HAN}{{1,2}}"
)
# Other words after a label: the next heading of an empty form, and descriptions of a person.
_HEADING: Final = "单位|居住|籍贯|国籍|金额|车[主牌位]|房[主东号间]|班级|经办|党派|支付|应缴|简[历介]|常住|时间|关系"
_LABEL: Final = (
    r"联[系络]人|姓\s?名|反[映应]人|投诉人|举报人|申请人|来信人|来电人|来访人|求助人|诉求人|当事人|经办人|收款人|业主|户主|住户"
    r"|户名|署名|受害人|被害人|患者|病人|死者|伤者|逝者|学生|家长|监护人|报警人|报案人|收件人|寄件人|法人(?:代表)?|租客|租户|房东"
    r"|司机|车主|员工|职工|工人|老师|村民|居民|市民|老人|孩子|儿子|女儿|老婆|妻子|丈夫|老公|爱人|母亲|父亲|妈妈|爸爸|弟弟|哥哥|姐姐"
    r"|妹妹|邻居|原告|被告|委托人|代理人|证人|负责人|本人|名字|称呼|机主|户籍人|留言人|落款"
)
_LABELLED: Final = re.compile(
    rf"((?:{_LABEL})(?:员|们|姓名|名字|名单)?\s?(?:[（(][^）)\n]{{1,6}}[）)])?[：:]\s{{0,2}})(?!{_HEADING})"
    rf"(?:{_SPACED_NAME}{_END}|{_DOTTED}|{_SOUNDED_ALONE}{_END}|{_LATIN})"
)
# The label in a form without colons.
_SPACED: Final = re.compile(rf"(姓名\s{{1,2}})(?!{_HEADING}){_NAME}{_END}")
_MYSELF: Final = re.compile(rf"((?:本人|我是(?!{_PLACE}))[，,：:]?)(?!{WORD}){_NAME}{_DETAILS}")
_MYSELF_COMMON: Final = re.compile(rf"(本人)(?!{WORD})[{COMMON}]{_HAN}{{2}}(?=[，,])")
_MYSELF_SOUNDED: Final = re.compile(rf"((?:本人|我是)[，,：: ]?){_SOUNDED}")
_TO_CALL: Final = re.compile(rf"(联系人){_NAME}(?=[，,、 ]{{0,2}}(?:联系|电话|手机|［))")
# Relatives and people in a certain role, whose names follow.
_KIN: Final = (
    "老婆|妻子|丈夫|老公|爱人|母亲|父亲|妈妈|爸爸|儿子|女儿|孩子|小孩|弟弟|哥哥|姐姐|妹妹|奶奶|爷爷|外公|外婆|岳父|岳母|孙子"
    "|孙女|邻居|同事|朋友|男友|女友|家人|亲戚|侄子|侄女|外甥"
)
_ROLE: Final = (
    "受害人|受害者|被害人|患者|病人|死者|伤者|逝者|学生|家长|监护人|报警人|报案人|举报人|投诉人|反映人|来电人|当事人|租客|租户"
    "|房东|司机|车主|员工|职工|工人|业主|户主|住户|村民|居民|市民|老人|学员|农民|患儿|嫌疑人|被告人|被告|原告人|原告|法人|包工头"
)
# The first characters of double family names.
_DOUBLE: Final = "".join(name[0] for name in DOUBLE.split("|"))
_RELATION: Final = f"{_KIN}|{_ROLE}"
# Inside a sentence only a common family name counts; before the end of a phrase any family name.
_RELATED: Final = re.compile(
    rf"({one_of(_RELATION)}(?:名叫|叫|名为|是|，|,)?)(?=[{FAMILY}{COMMON}{_DOUBLE}])(?!{WORD})(?:[{COMMON}](?<![，,].)(?!{NO_NAME})[{GIVEN}]{{2}}(?![{PLACE_END}])"
    rf"|(?:[{FAMILY}](?!{NO_NAME})[{GIVEN}]{{2}}|(?:{DOUBLE})(?!{NO_NAME})[{GIVEN}]{{1,2}}|[{COMMON}][{GIVEN}])(?![\u4e00-\u9fff]))"
)
# Further names after the first one, which is masked already.
_ONE: Final = rf"[{FAMILY}](?!{NO_NAME})[{GIVEN}]{{1,2}}(?=[、，,。；;和及与等（(\s]|$)"
_LISTED: Final = re.compile(rf"［姓名］(?:（[^）\n]{{1,20}}）)?((?:[、和及与]{_ONE})+)")
_NEXT_ONE: Final = re.compile(_ONE)
_ENGLISH: Final = re.compile(
    r"([MHTNCDmhtncd](?<![A-Za-z].)(?:(?:y|is|er|he) (?:full )?name is|(?<=[Nn])ame ?[:：]"
    r"|(?<=[Cc])all me|(?<=[Tt])his is"
    r"|(?<=[Cc])ontact ?[:：]|(?<=M)(?:rs?|s|iss)\.?|(?<=D)r\.?) ?)"
    r"(?:[A-Z][A-Za-z'’-]*(?: [A-Z]\.?)?(?: [A-Z][a-z'’-]+){0,2})(?![A-Za-z])"
)
_I_AM: Final = re.compile(
    r"([Ii](?<![A-Za-z].)(?:['’]?m| am) )(?!(?:A|The|In|At|On|Very|Not) )"
    r"[A-Z][a-z'’-]+(?: [A-Z]\.?)? [A-Z][a-z'’-]+(?: [A-Z][a-z'’-]+)?(?![A-Za-z])"
)
_SMALL: Final = re.compile(
    r"(name is )(?<=[Yy] name is )(?!(?:not|on|in|the|a|written|missing|wrong) )[a-z]+(?: [a-z]+)?(?=[.,;!]|$)"
)
# Each pattern with the fewest Latin letters it needs, and words of which it needs one: words are found much faster than
# patterns, and most texts have none of them.
_INTRODUCTIONS: Final = (
    (_CALLED, 0, ("叫", "姓名", "名字是")),
    (_SURNAMED, 0, ("姓",)),
    (_LABELLED, 0, ("：", ":")),
    (_SPACED, 0, ("姓名",)),
    (_MYSELF, 0, ("本人", "我是")),
    (_MYSELF_COMMON, 0, ("本人",)),
    (_MYSELF_SOUNDED, 0, ("本人", "我是")),
    (_TO_CALL, 0, ("联系人",)),
    (_ENGLISH, 3, ("ame", "all", "his", "ontact", "M", "D")),
    (_I_AM, 4, ("I", "i")),
    (_SMALL, 8, ("ame is",)),
)


def _introduced(pattern: re.Pattern[str], words: tuple[str, ...], shadow: str) -> Iterable[Span]:
    for word in words:
        if word in shadow:
            return behind(shadow, pattern, NAME)
    return ()


INTRODUCED: Final = tuple(
    MaskRule(partial(_introduced, pattern, words), letters=letters) for pattern, letters, words in _INTRODUCTIONS
)
"""The rules for names that are introduced, one for each kind of introduction."""


def related(shadow: str) -> Iterator[Span]:
    """Names directly after a word for a relative or a role."""
    return iter(behind(shadow, _RELATED, NAME))


def listed(shadow: str) -> Iterator[Span]:
    """The other names in a list whose first name is masked."""
    if NAME in shadow:
        for match in _LISTED.finditer(shadow):
            for name in _NEXT_ONE.finditer(shadow, *match.span(1)):
                yield *name.span(), NAME
