"""Homes: the road, village or estate stays, since that is where the matter is; the door is hidden.

A door is a room of a building (桂澜路28号3栋402房, 8栋2单元102号, 3栋401、402, 402室), a house in a lane or a village
group (三巷9号), or the number behind “家住”, “住址”, “家庭地址：”; behind “地址：” alone stand shops and offices. Not a
door, and kept: a building or a floor as such (3栋, 17栋1楼: lifts, noise, fire ways), a house number on a road
(银杉路559号: shops, sites), and whatever else stands under a number (28号灯柱, 3号线, K12+300, 3栋300名, 3栋 110报警).
"""

import re
from typing import Final

_N: Final = r"[0-9０-９一二三四五六七八九十百零〇]"
_HOUSE: Final = rf"(?:{_N}{{1,5}}(?:[-－之]{_N}{{1,4}})?号(?:院|之{_N}{{1,3}})?)"
_BUILDING: Final = rf"(?:[A-Za-zＡ-Ｚ]?{_N}{{1,4}} ?(?:号楼|号栋|[栋幢座]|[#＃][栋楼]?)|[A-Za-zＡ-Ｚ][栋座])"
# A stair with so many households (2梯4户) is a kind of house.
_UNIT: Final = rf"(?:{_N}{{1,3}} ?单元)"
_STAIR: Final = rf"(?:{_N}{{1,3}} ?(?:单元|梯(?!{_N}{{1,2}}户)))"
_FLOOR: Final = rf"(?:{_N}{{1,3}}[楼层])"
_GAP: Final = r"[ 、,，-]?"
# What follows a room that is none: a quantity, a decimal, a date, a number to call; “1203张先生” is a room.
_NO_ROOM: Final = (
    rf"{_N}|[年月日米元户人平多余个万%㎡块套间辆层楼栋幢座号#盏路](?!先生|女士|小姐)|\.\d|:\d\d(?!\d)|,\d{{3}}(?!\d)|[-/]\d\d?[-/]\d"
    r"|分[贝钟之]|公[里斤分顷]|名(?![下为叫])|台(?!风)|条(?!件)|份(?!额)|张(?:[票桌床椅照传宣罚单纸]|(?![\u4e00-\u9fff]))"
)
_CALL: Final = r"(?:110|119|12[02]|315)(?:[报打投急出处举维平热消警民]|电话|来人|、1[12][029](?!\d))|0\d\d\d?[- ]\d"
_BARE: Final = rf"(?!{_CALL}){_N}{{3,4}}(?!{_NO_ROOM})"
_FLAT: Final = "室|房(?![价源产型屋东贷改管地])"
# A kind of flat, a number of households and a trade are no room either. More rooms may follow the first.
_ROOM: Final = (
    rf"(?:[A-Za-z]?{_N}{{1,5}} ?(?:{_FLAT}|户(?![型主外口]|居民|业主|住户|人家|村民|家庭|籍)"
    rf"|号(?![楼线门栋井灯杆柱]|电梯|机房))|{_BARE})(?:[、/和及与至~～-](?:{_N}{{3,4}}(?:{_FLAT})|{_BARE}))*"
)
# A chain begins with a number or a letter and has one of these signs; most texts are done with after this look.
_SIGN: Final = re.compile("[栋幢座号#＃单室房]")
_CHAIN: Final = re.compile(
    rf"(?=[A-Za-zＡ-Ｚ]|{_N})(?:(?:{_HOUSE}{_GAP})?{_BUILDING}{_GAP}{_STAIR}?{_GAP}{_FLOOR}?{_GAP}{_ROOM}"
    rf"|(?:{_HOUSE}{_GAP})?{_UNIT}{_GAP}{_FLOOR}?{_GAP}{_ROOM}"
    rf"|(?:{_HOUSE}{_GAP})?(?:[A-Z]?\d{{1,3}}[-－—]){{0,3}}[A-Z]?(?<!\d)\d{{3,4}}(?:室|房(?![价源产型屋东贷改管地间])))"
)
# What may stand under a number and is no house.
_THING: Final = (
    r"(?!\d|[楼线路灯杆柱井牌桥站口岗铺档摊车变箱泵闸地令文厅窗机台桩墩栋公院坑塘]"
    r"|码头|电杆|电线|电梯|路灯|配电|垃圾|厕|出口|小区|门(?![前口]))"
)
_LANE: Final = re.compile(rf"(?<=[组队巷坊弄])({_N}{{1,4}}(?:[-－之]{_N}{{1,3}})?号){_THING}")
_LIVES: Final = re.compile(
    r"((?:(?:家住|我们?住在?|现住|住址(?:为|是|在)?|居住(?:于|在)|住所)[:： ]?|(?:家庭|住宅|联系)地址[:：] ?)"
    rf"(?:[^，。；！？\s［]|(?<=[省市区县镇乡街道村]) ){{0,30}}?){_HOUSE}+{_THING}"
)
_LABEL: Final = "［门牌］"


def hide_homes(text: str) -> str:
    """Without doors."""
    if not _SIGN.search(text):
        return text
    text = _CHAIN.sub(_LABEL, text)
    text = _LANE.sub(_LABEL, text)
    return _LIVES.sub(lambda found: found[1] + _LABEL, text)
