"""Rules for homes: the road, village or estate is kept, because the demand is about it; the door is masked.

A door is a room in a building (桂澜路28号3栋402房, 8栋2单元102号, 3栋401、402, 402室, 3-2-402, Flat 402, Block 3), a
house in a lane or a village group (三巷9号), or the number after “家住”, “住址”, “地址：”, “门牌”. These are not doors,
and are kept: a building or a floor alone (3栋, 17栋1楼: lifts, noise, fire ways), a house number on a road
(银杉路559号: shops, sites), the address of a shop or an office, and other things with a number (28号灯柱, 3号线,
K12+300, 3栋300名, 3栋 110报警).
"""

import re
from collections.abc import Iterator
from typing import Final

from shared.masking.shadow import Span, apart, behind, whole

HOME: Final = "［门牌］"
_N: Final = r"[0-9一二三四五六七八九十百零〇]"
_HOUSE: Final = rf"(?:{_N}{{1,5}}+(?:[-－之]{_N}{{1,4}}+)?号(?:院|之{_N}{{1,3}}+)?)"
_BUILDING: Final = rf"(?:[A-Za-z]?{_N}{{1,4}}+ ?(?:号楼|号栋|[栋幢座]|[#＃][栋楼]?)|[A-Za-z][栋座])"
_WHICH: Final = rf"(?:{_N}{{1,3}}+|[甲乙丙丁戊己庚东西南北中A-Za-z])"
# A number of stairs and households (2梯4户) is a type of building, not a door.
_UNIT: Final = rf"(?:{_WHICH} ?单元)"
_STAIR: Final = rf"(?:{_WHICH} ?单元|{_N}{{1,3}}+ ?梯(?!{_N}{{1,2}}户))"
_FLOOR: Final = rf"(?:{_N}{{1,3}}+[楼层])"
_GAP: Final = r"[ 、,，-]?"
# If one of these follows, the number is not a room: a quantity, a decimal, a date, a number to call.
_NO_ROOM: Final = (
    rf"{_N}|[年月日米元户人平多余个万%㎡块套间辆层楼栋幢座号#盏路](?!先生|女士|小姐)|\.\d|:\d\d(?!\d)|,\d{{3}}(?!\d)|[-/]\d\d?[-/]\d"
    r"|分[贝钟之]|公[里斤分顷]|名(?![下为叫])|台(?!风)|条(?!件)|份(?!额)|张(?:[票桌床椅照传宣罚单纸]|(?![\u4e00-\u9fff]))"
)
_CALL: Final = r"(?:110|119|12[02]|315)(?:[报打投急出处举维平热消警民]|电话|来人|、1[12][029](?!\d))|0\d\d\d?[- ]\d"
_BARE: Final = rf"(?!{_CALL}){_N}{{3,4}}+(?!{_NO_ROOM})"
_FLAT: Final = "室|房(?![价源产型屋东贷改管地])"
# A type of flat, a number of households and a trade are not rooms either. More rooms may follow the first one.
_ROOM: Final = (
    rf"(?:[A-Za-z]?{_N}{{1,5}}+ ?(?:{_FLAT}|户(?![型主外口]|居民|业主|住户|人家|村民|家庭|籍)"
    rf"|号(?![楼线门栋井灯杆柱]|电梯|机房))|{_BARE})(?:[、/和及与至~～-](?:{_N}{{3,4}}+(?:{_FLAT})|{_BARE}))*"
)
# Every address of a room has one of these after a number or a letter; most texts have none and need no slower search.
_COUNTABLE: Final = f"[A-Za-z甲乙丙丁戊己庚东西南北中{_N[1:-1]}]"
_SIGN: Final = re.compile(
    "[栋幢座#＃室房号单](?:(?<=[栋幢座#＃室房])|(?<=号)[楼栋]|(?<=单)元)"
    rf"(?:(?<={_COUNTABLE}.)|(?<={_COUNTABLE} .)|(?<={_COUNTABLE}..)|(?<={_COUNTABLE} ..))"
)
_CHAIN: Final = re.compile(
    rf"(?=(?:[A-Za-z甲乙丙丁戊己庚东西南北中]{_N}{{0,4}}+|{_N}{{1,5}}+)[ \-－—之号栋幢座#＃单室房])"
    rf"(?:(?:{_HOUSE}{_GAP})?{_BUILDING}{_GAP}{_STAIR}?{_GAP}{_FLOOR}?{_GAP}{_ROOM}"
    rf"|(?:{_HOUSE}{_GAP})?{_UNIT}{_GAP}{_FLOOR}?{_GAP}{_ROOM}"
    rf"|(?:{_HOUSE}{_GAP})?(?:[A-Z]?\d{{1,3}}+[-－—]){{0,3}}[A-Z]?(?<!\d)\d{{3,4}}+(?:室|房(?![价源产型屋东贷改管地间])))"
)
# Building, stair and room with dashes only; it is not a date, because the last number is not a year.
_DASHED: Final = re.compile(
    rf"[0-9](?<![\w.\-－—–/].)[0-9]?(?:栋|#)?([-－—–])\d{{1,2}}+\1(?!(?:19|20)\d\d)\d{{3,4}}(?!{_NO_ROOM}|[\-－—–./A-Za-z])"
)
# Things with a number that are not houses.
_THING: Final = (
    r"(?!\d|[楼线路灯杆柱井牌桥站口岗铺档摊车变箱泵闸地令文厅窗机台桩墩栋公院坑塘]"
    r"|码头|电杆|电线|电梯|路灯|配电|垃圾|厕|出口|小区|门(?![前口]))"
)
_LANE: Final = re.compile(rf"([组队巷坊弄])(?:{_N}{{1,4}}(?:[-－之]{_N}{{1,3}})?号){_THING}")
_PLATE: Final = re.compile(
    rf"(门牌(?:号码?)?[是为:：（( ]{{0,3}})(?:{_HOUSE}|{_N}{{1,5}}(?:[-－之]{_N}{{1,4}})?(?!{_NO_ROOM}))"
)
# Words for living at a place, and for a private address; shops and offices use other words.
_LIVE: Final = (
    "家住|我住|我们住|我家|家里|家在(?<![\u4e00-\u9fff]家在)|现住|暂住|租住|租房|住在(?<!居住在)|住址|居住于"
    "|居住在|住所|户口|户籍|寄到|寄往|寄至"
)
_ADDRESS: Final = "家庭|住宅|住房|居住|现居|户籍|户口|身份证|本人|我的|我家|现住|常住|暂住|租住|户主"
# Words that offices use for their addresses too.
_REACHED: Final = "联系|收货|收件|邮寄|寄件|通讯|通信"
_LIVES_AT: Final = [
    *(f"{word}(?:为|是|在|于|位于)?[:： ]?" for word in _LIVE.split("|")),
    *(f"{word}地址[是为:：] ?" for word in _ADDRESS.split("|")),
]
_UNNAMED: Final = "铺店司位厂目地公营册校院场发工商点"
_FOUND_AT: Final = [
    *(f"{word}地址[是为:：] ?" for word in _REACHED.split("|")),
    f"地址(?<![{_UNNAMED}]地址)(?<![{_UNNAMED}][，,、 ]地址)[:：] ?",
]
_AWAY: Final = r"(?:[^，。；！？\s［〔〕\[\]《》“”]|(?<=[省市区县镇乡街道村]) ){0,30}?"
_LIVES: Final = re.compile(rf"((?:{'|'.join([*_LIVES_AT, *_FOUND_AT])}){_AWAY}){_HOUSE}++{_THING}")
_CITIZEN_LIVES: Final = re.compile(rf"((?:{'|'.join(_LIVES_AT)}){_AWAY}){_HOUSE}++{_THING}")
_NUMBER_EN: Final = r"\.? ?#?[0-9A-Za-z]{1,4}(?![A-Za-z])"
_BLOCK: Final = (
    rf"(?:(?i:block|blk|building|bldg|tower|house|unit){_NUMBER_EN}|(?i:floor) ?\d{{1,3}}"
    r"|\d{1,3}(?:/[Ff]|(?:st|nd|rd|th) (?i:floor)))"
)
_ROOM_EN: Final = r"\.? ?(?i:no\.? ?)?#? ?(?:[A-Za-z]-?)?\d{1,5}[A-Za-z]?(?![A-Za-z0-9])"
_ENGLISH: Final = re.compile(
    rf"[FRABTHUSfrabthus](?<![A-Za-z].)"
    rf"(?:(?i:(?<=F)lat|(?<=R)oom|(?<=R)m|(?<=A)partment|(?<=A)pt){_ROOM_EN}(?:,? ?{_BLOCK}){{0,3}}"
    rf"|(?i:(?<=B)(?:lock|lk|uilding|ldg)|(?<=T)ower|(?<=H)ouse|(?<=U)nit){_NUMBER_EN}"
    rf"(?:,? ?{_BLOCK}){{0,2}},? ?(?i:flat|room|rm|apartment|apt){_ROOM_EN}"
    r"|(?<=, .)(?i:nit|uite|te)\.? ?#?\d{1,5}[A-Za-z]?(?![A-Za-z0-9]))"
)
_DIGITS: Final = re.compile(r"[A-Za-z #.][0-9]")
# Words for offices, with which they say how to reach them, and words for citizens.
_OFFICE: Final = re.compile(
    r"(?:地址|地点|办公|政务|大厅|大楼|窗口|中心|办事处|办证|局|委员会|政府|法院|检察院|派出所|大队|支队|公司|医院|学校|银行|服务站"
    r"|信息科|[一二三]办|委办|快递|速运|网点|门店|店铺|商铺|超市|营业|前往|请到|请携|携带|前来|来访|咨询|受理点|接待)"
)
_CITIZEN: Final = re.compile(
    "业主|住户|居民|村民|家住|您家|家中|住在|住址|家庭地址|投诉人|反映人|来电人|先生|女士|租户|租客|户主"
)
_CLAUSE: Final = 40
# After one of these, 户 counts households, and is not the number of a household.
_HOUSEHOLDS: Final = frozenset("共有计建为")


def rooms(shadow: str) -> Iterator[Span]:
    """Rooms in a building."""
    if _SIGN.search(shadow):
        for start, end, label in whole(shadow, _CHAIN, HOME):
            if shadow[end - 1] != "户" or shadow[start - 1 : start] not in _HOUSEHOLDS:
                yield start, end, label


def dashed(shadow: str) -> Iterator[Span]:
    """Building, stair and room, separated by dashes."""
    return iter(whole(shadow, _DASHED, HOME))


def lanes(shadow: str) -> Iterator[Span]:
    """Houses in a lane or a village group."""
    if "号" in shadow:
        yield from behind(shadow, _LANE, HOME)


def lived_in(shadow: str) -> Iterator[Span]:
    """House numbers after words that say that somebody lives there."""
    if "号" in shadow:
        yield from behind(shadow, _LIVES, HOME)


def door_plates(shadow: str) -> Iterator[Span]:
    """Numbers after the word for a door plate."""
    if "门牌" in shadow:
        yield from behind(shadow, _PLATE, HOME)


def english_rooms(shadow: str) -> Iterator[Span]:
    """Rooms in a building, in English."""
    if _DIGITS.search(shadow):
        yield from whole(shadow, _ENGLISH, HOME)


def citizens_rooms(shadow: str) -> Iterator[Span]:
    """Rooms in a text that an office wrote, except the rooms of the office itself."""
    found_rooms = [*apart((*rooms(shadow), *dashed(shadow)))]
    if not found_rooms or not _OFFICE.search(shadow):
        yield from found_rooms
        return
    for start, end, label in found_rooms:
        before = shadow[max(0, start - _CLAUSE) : start]
        before = before[max(before.rfind(sign) for sign in "。；！？\n") + 1 :]
        offices = [match.end() for match in _OFFICE.finditer(before)]
        citizens = [match.end() for match in _CITIZEN.finditer(before)]
        if not offices or (citizens and citizens[-1] > offices[-1]):
            yield start, end, label


def citizens_lived_in(shadow: str) -> Iterator[Span]:
    """House numbers in a text that an office wrote, after words that say that somebody lives there."""
    if "号" in shadow:
        yield from behind(shadow, _CITIZEN_LIVES, HOME)
