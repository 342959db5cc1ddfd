"""Names, where somebody is introduced: a word that introduces, a family name, one or two more characters, an end.

Elsewhere a name cannot be told from other words without guessing; those stay.
"""

import re
from typing import Final

# The Hundred Family Surnames without those that mostly are other words (于, 和, 都, 有, 家, 那, 全, 常, 时 …).
_FAMILY: Final = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦马苗凤方俞任"
    "袁柳酆鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安乐傅皮卞齐康伍余元卜顾孟黄穆萧尹姚邵湛汪祁毛禹狄米贝明臧戴谈宋茅庞"
    "熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解"
    "丁宣贲邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬"
    "郗班仰秋仲伊宫宁仇栾暴甘斜厉戎祖武符刘景詹束龙叶幸司韶郜黎蓟薄印宿白怀蒲邰鄂索咸籍赖卓蔺屠蒙池乔阴胥苍双闻莘"
    "党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮牛寿边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容古易慎戈廖庾终暨居"
    "衡步耿满弘匡国文寇广禄阙东欧沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚简饶空曾沙鞠须丰巢关蒯查后荆红游竺权逯盖桓代"
    "闫肖付覃涂冼区佘麦"
)
_DOUBLE: Final = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|端木|司徒|南宫"
# The next words that introduce somebody, where no sign stands between.
_NEXT: Final = "我叫|我名叫|本人|我是"
_NO_NAME: Final = "主任|局长|书记|经|老师|女士|先生|师傅|科长|医生|警官|同志|[某先女小的在是有总工]"
_GIVEN: Final = rf"(?!{_NO_NAME}|{_NEXT})[\u4e00-\u9fff](?:(?!{_NEXT}|[男女是系今现身电手联家住来])[\u4e00-\u9fff])?"
_NAME: Final = rf"(?:(?:{_DOUBLE})|[{_FAMILY}]){_GIVEN}"
_END: Final = rf"(?=$|[^\u4e00-\u9fff]|[男女]|是|系(?!统)|今年|现年|身份证|电话|手机|联系|家住|来自|先生|女士|{_NEXT})"
_ABOUT: Final = r"[男女]|现年|今年|家住|系(?!统)|是一|\d\d岁"
_DETAILS: Final = rf"(?=[，,、（(：:\s]{{0,3}}(?:{_ABOUT})|[，,、（(：:\s]{{1,3}}(?:身份证|联系|电话|手机|住|是|\d|［))"
# Common family names that begin no other common word: after “本人”, with two characters and a comma.
_COMMON: Final = (
    "王李张刘陈杨黄赵吴周徐孙朱胡郭何林罗郑梁谢宋唐韩邓冯曹彭肖田董潘袁蔡蒋余杜叶魏苏吕丁卢姚沈钟姜崔谭陆范汪廖韦"
    "贾夏付邹熊孟秦邱侯尹薛闫雷龙史陶贺郝顾龚邵覃钱戴莫孔"
)
_CALLED: Final = re.compile(rf"((?:我叫|我名叫|名字叫做?|本人叫|本人名叫|本人姓名)[，,：: 是为]{{0,2}}){_NAME}{_END}")
_LABELLED: Final = re.compile(
    rf"((?:联系人|姓\s?名|反映人|反应人|投诉人|举报人|申请人|来信人|求助人|业主|户主)(?:姓名)?[：:]\s?){_NAME}{_END}"
)
_MYSELF: Final = re.compile(rf"((?:本人|我是)[，,：:]?){_NAME}{_DETAILS}")
_MYSELF_COMMON: Final = re.compile(rf"(本人)[{_COMMON}][\u4e00-\u9fff]{{2}}(?=[，,])")
_TO_CALL: Final = re.compile(rf"(联系人){_NAME}(?=[，,、 ]{{0,2}}(?:联系|电话|手机|［))")


# Each with words of which it needs one: most texts have none, and plain words are found many times faster.
_INTRODUCTIONS: Final = (
    (_CALLED, ("叫", "姓名")),
    (_LABELLED, ("人", "姓", "主")),
    (_MYSELF, ("本人", "我是")),
    (_MYSELF_COMMON, ("本人",)),
    (_TO_CALL, ("联系人",)),
)


def hide_names(text: str) -> str:
    """Without names that are introduced."""
    for introduced, words in _INTRODUCTIONS:
        if any(word in text for word in words):
            text = introduced.sub(_unnamed, text)
    return text


def _unnamed(found: re.Match[str]) -> str:
    return f"{found[1]}［姓名］"
