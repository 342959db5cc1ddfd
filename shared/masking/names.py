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
    "闫肖付覃涂冼区佘麦邝禤褟辜牟隋佟仝丘"
)
# After a label and a colon stands nothing but a name: those that mostly are other words, and traditional characters.
_FAMILY_LABELLED: Final = (
    "于常时关招揭岳帅况楚兰苑伦练粟"
    "趙錢孫鄭馮陳衛蔣瀋韓楊許呂張嚴華謝鄒喻竇蘇潘範魯韋馬鳳賀倪湯羅畢鄔樂齊餘顧黃蕭邵貝龐紀項閔賈婁顏鍾駱淩盧"
    "繆龔榮劉葉龍喬陰雙聞譚貢勞習歐饒闕閻簡吳侯區鄧鄺關馬塗陸"
)
_DOUBLE: Final = "欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|端木|司徒|南宫"
# The next words that introduce somebody, where no sign stands between.
_NEXT: Final = "我叫|我名叫|本人|我是"
# After a family name: what somebody is called instead, and what begins another word (小区, 有限公司).
_NO_NAME: Final = (
    "主任|局长|书记|经|老师|女士|先生|师傅|科长|医生|警官|同志|[某女的是在总]|有[限人的没了]"
    r"|小(?:姐|妹|哥|弟|区|学|组|孩|店|时|型)|工(?:程|$|[^\u4e00-\u9fff])"
)
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
# Words that begin as a common family name does: 本人孙子今年, 本人董事会, 本人付款后.
_WORD: Final = (
    "孙[子女儿]|董事|周[末边围]|周[一二三四五六日][上下早晚前后]|付[款出了清费过完给全]|余[下款生]|田[地里间]|夏[天季]"
    "|钱[包款财]|张[贴罗口]|陈[述诉]|黄[昏牛]|何[时况必种]|胡[乱说]|谢[谢绝]|范围|顾[虑客及]|戴[着上了]|莫[名大非]|陆续|雷同"
)
# “我是罗村，住在沙坑”: after the first, one more character that hardly ever is a given name.
_PLACE: Final = r"[\u4e00-\u9fff][村镇县区庄街岗岐]人?(?![\u4e00-\u9fff])"
_CALLED: Final = re.compile(
    r"((?:我叫|我名叫|名字叫做?|我的?名字是|本人叫|本人名叫|本人名字是|本人姓名)"
    rf"[，,：: 是为“‘「『\"]{{0,3}}){_NAME}{_END}"
)
# What else stands behind a label: the next heading of an empty form, and who somebody is.
_HEADING: Final = "单位|居住|籍贯|国籍|金额|车[主牌位]|房[主东号间]|班级|经办|党派|支付|应缴|简[历介]|常住|时间|关系"
_LABELLED: Final = re.compile(
    r"((?:联系人|姓\s?名|反映人|反应人|投诉人|举报人|申请人|来信人|来电人|求助人|诉求人|当事人|经办人|收款人|业主|户主|住户"
    rf"|户名|署名)(?:姓名)?\s?[：:]\s{{0,2}})(?!{_HEADING})(?:(?:{_DOUBLE})|[{_FAMILY}{_FAMILY_LABELLED}]){_GIVEN}{_END}"
)
# Of a form without colons.
_SPACED: Final = re.compile(rf"(姓名\s{{1,2}})(?!{_HEADING}){_NAME}{_END}")
_MYSELF: Final = re.compile(rf"((?:本人|我是(?!{_PLACE}))[，,：:]?)(?!{_WORD}){_NAME}{_DETAILS}")
_MYSELF_COMMON: Final = re.compile(rf"(本人)(?!{_WORD})[{_COMMON}][\u4e00-\u9fff]{{2}}(?=[，,])")
_TO_CALL: Final = re.compile(rf"(联系人){_NAME}(?=[，,、 ]{{0,2}}(?:联系|电话|手机|［))")


# Each with words of which it needs one: most texts have none, and plain words are found many times faster.
_INTRODUCTIONS: Final = (
    (_CALLED, ("叫", "姓名", "名字是")),
    (_LABELLED, ("：", ":")),
    (_SPACED, ("姓名",)),
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
