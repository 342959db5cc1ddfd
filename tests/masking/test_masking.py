"""Personal data is masked in every spelling, and other text stays."""

from datetime import date
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.intake.submission.domain import RecordedDemand, submitted
from shared.contracts.demand.facts import ChannelKind, RecordedStep
from shared.masking import mask, mask_answer
from tests.intake import people
from tests.packs import nanhai
from tests.story import AT

# Anything but more digits may surround a number; one with separators is between words.
TEXTS = st.text("我家路灯坏了，请打电话 ABx1290三八-：［］。\n，号栋房", max_size=30)
BEFORE = TEXTS.map(lambda text: text + "联系")
AFTER = TEXTS.map(lambda text: "谢谢" + text)
# Texts that the rules search for, and text between them.
PIECES = [
    *"［］0123456789一三八-#号栋房室组巷院之我叫李王明是男岁，。：、 Ax@.",
    "我叫", "本人", "本人姓名", "我是", "联系人", "业主：", "先生", "电话", "微信", "QQ", "粤A", "13800138000",
    "家住", "住址：", "1号", "三巷9号", "3栋", "2单元", "402室", "402", "5楼", "［门牌］",
    "姓名 ", "户名：", "微信号（", "wechat: ", "zhangsan88", "粤 E", "护照", "E12345678", "+86", "+852 ", "0757",
    "86332211", "138.0013.8000", "家庭地址：", "佛山市 ", "3 栋 ", "b座", "1梯", "、402",
    "110", "孙子", "小", "元", "×", "\t",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请打13812345678找我", "请打［手机号］找我"),
        ("+86 138 1234 5678", "［手机号］"),
        ("电话一三八零零一三八零零零，急", "电话［手机号］，急"),
        ("幺三八零零幺三八零零零", "［手机号］"),
        ("１３８００１３８０００", "［手机号］"),
        ("138-0013-8000或138 0013 8001", "［手机号］或［手机号］"),
        ("座机0757-86332211", "座机［电话］"),
        ("座机（0757）8633 2211", "座机［电话］"),
        ("电话：86332211", "电话：［电话］"),
        ("身份证11010519491231002X。", "身份证［身份证号］。"),
        ("ID110105 19491231 002x", "ID［身份证号］"),
        ("卡号 4539 1488 0343 6467", "卡号 ［银行卡号］"),
        ("车牌粤E12345违停", "车牌［车牌］违停"),
        ("粤E·D12345", "［车牌］"),
        ("邮箱li.si@example.com，", "邮箱［邮箱］，"),
        ("微信号：wx_abc123，QQ号是12345678", "微信号：［微信号］，QQ号是［QQ号］"),
        ("桂澜路28号3栋402房漏水", "桂澜路［门牌］漏水"),
        ("桂城街道３栋４０２房", "桂城街道［门牌］"),
        ("小区8栋2单元102号违建", "小区［门牌］违建"),
        ("鑫城1幢2403，每晚", "鑫城［门牌］，每晚"),
        ("二栋五单元三零二室", "［门牌］"),
        ("鹤峰村三巷九号门前积水", "鹤峰村三巷［门牌］门前积水"),
        ("家住文星桥2号，道路", "家住文星桥［门牌］，道路"),
        ("家住1号2号3号4号5号6号", "家住［门牌］"),
        ("我叫李建义，来自", "我叫［姓名］，来自"),
        ("我叫欧阳明，男", "我叫［姓名］，男"),
        ("我叫李明我是业主", "我叫［姓名］我是业主"),
        ("本人陈云富，是一名七旬老人", "本人［姓名］，是一名七旬老人"),
        ("联系人：谈俊(业委会)", "联系人：［姓名］(业委会)"),
        ("我叫李明13800138000", "我叫［姓名］［手机号］"),
        ("本人姓名陈云富，住桂城", "本人姓名［姓名］，住桂城"),
        ("业主：何国强，反映", "业主：［姓名］，反映"),
        ("姓名：吕志明。", "姓名：［姓名］。"),
        ("我是黄志强，联系电话见下", "我是［姓名］，联系电话见下"),
        ("本人陈云富，来信", "本人［姓名］，来信"),
        ("联系人李建义，电话见下", "联系人［姓名］，电话见下"),
        ("加扣扣12345678", "加扣扣［QQ号］"),
        ("NH26-000001-4 VACDBAV1 路灯又坏了", "NH26-000001-4 ［查询码］ 路灯又坏了"),
        ("编号 NH26-000001-4，查询码 1php-1m2h。", "编号 NH26-000001-4，查询码 ［查询码］。"),
        ("number LA26-000001-4, code 1PHP 1M2H", "number LA26-000001-4, code ［查询码］"),
        ("请评价https://x.cn/rate/eyJkZW1hbmQi.ab_c-1，", "请评价https://x.cn/rate/［链接］，"),
        ("x.cn/v1/demands/NH26-000001-4?code=VACDBAV1", "x.cn/v1/demands/NH26-000001-4?code=［查询码］"),
    ],
)
def test_personal_data_is_masked(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "案号110105202212310021。", "卡号6222021234567890129", "编号12345678901234567890",
        "2021年5月10日，3栋2单元", "28号灯柱不亮", "佛山一环K12+300处", "三巷9号电线杆倾斜", "银杉路559号酒店",
        "3栋和10栋之间", "17栋1楼麻将馆", "16栋3号电梯", "地铁3号线", "95户型", "3071户业主", "每套4000元",
        "请打12345或400-830-8300", "110、119", "工程款13800138000元", "1998-10-10 100元", "2019-05-10 13:30",
        "13 15 17 19 21 23 栋", "我叫她把电话给我", "本人父母是农民", "本人高度重视，", "我是卫生局系统的职工",
        "提交本人居民身份证", "联系人和联系电话", "联系人：张主任", "微信公众号“南海发布”", "微信支付1300元",
        "@南海区政府", "桂城街道办事处", "48号文", "京A座3楼大堂", "LA26-000001-4 sidewalk", "NH26-000001-4 this road",
        "NH26-000001-4 20260101到期", "请查询编码：ABCD",
    ],
)  # fmt: skip
def test_other_text_stays(text: str):
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请致电0757-86332211，地址桂澜路28号3栋402房", None),
        ("已电话13812345678联系，身份证11010519491231002X", "已电话［手机号］联系，身份证［身份证号］"),
    ],
)
def test_contact_data_of_an_office_stays_and_that_of_citizens_is_masked(text: str, masked: str | None):
    assert mask_answer(text) == (masked or text)


@given(
    BEFORE,
    st.one_of(people.WRITTEN_MOBILES, people.WRITTEN_IDENTITIES, people.WRITTEN_CARDS, people.PLATES, people.MAILS),
    AFTER,
)
@example("三", "13800138000", "八")
@example("2019-05-10 ", "13800138000", " 100元")
@example("卡", "6222021234567890128", "")
def test_a_personal_number_never_survives(before: str, planted: str, after: str):
    assert planted not in mask(before + planted + after)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@example("家住" + "1号" * 9)
@example("我叫李" * 9 + "明")
def test_masking_again_changes_nothing(text: str):
    once = mask(text)
    assert mask(once) == once


@given(
    st.one_of(
        st.integers(0, 10**15).map("{}元".format),
        st.integers(0, 10**12).map("{:,}元".format),
        st.floats(0, 10**9).map("{:.2f}万元".format),
        st.dates(min_value=date(1300, 1, 1), max_value=date(2100, 1, 1)).map("{:%Y-%m-%d}".format),
        st.datetimes().map("{:%Y年%m月%d日 %H:%M}".format),
        st.integers(0, 9999).map("{}号线".format),
        st.integers(0, 999).map("K{}+300".format),
        people.digits(7).map("400{}".format),
        people.digits(5).map("文号{}".format),
    )
)
def test_an_amount_a_date_or_a_public_number_survives(said: str):
    assert mask(f"合计{said}，请核实") == f"合计{said}，请核实"


@pytest.mark.parametrize(
    "text",
    [
        "１", "1", "1 ", "1-", "02", "6222021234567890 ", "13800138000 ", "0757-863",
        "我住在一", "一百", "1号1栋", "家住1号", "我叫李", "3栋401、", "家住市 ", "401、", "+86 ", "138.0013.", "1   ",
        "姓名 ", "户名：张", "护照1", "wechat:", "粤 E1", "1 栋 ", "×", "+852 1",
    ],
)  # fmt: skip
def test_the_longest_text_is_masked_quickly_whatever_it_contains(text: str):
    longest = (text * 8000)[:7999] + "号"
    assert min(_cost(longest), _cost(longest)) < 0.2


def _cost(text: str) -> float:
    started = process_time()
    mask(text)
    return process_time() - started


def test_imported_history_is_masked_and_the_offices_number_stays():
    steps = (
        RecordedStep(at=AT, type="demand.resolved", data={"by": "x", "result": "已联系13800138000，详询0757-86332211"}),
        RecordedStep(at=AT, type="demand.confirmed", data={"rating": 5, "solved": True, "comment": "我叫李明，满意"}),
    )
    demand = RecordedDemand(
        title="路灯", division="440605011001", external_id="1", occurred_at=AT, channel_kind=ChannelKind.WEB,
        via="x", history=steps,
    )  # fmt: skip
    fact = submitted(demand, nanhai(), "NH21-000001-W", "web", ChannelKind.WEB, None)
    assert fact.history[0].data == {"by": "x", "result": "已联系［手机号］，详询0757-86332211"}
    assert fact.history[1].data == {"rating": 5, "solved": True, "comment": "我叫［姓名］，满意"}
