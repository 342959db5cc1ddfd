"""Numbers are masked in every script and with every separator; each rule has exact limits."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.iso7064 import mod_11_2

from shared.masking import mask, mask_answer

MOBILE = "15926535897"
SCRIPTS = [
    chr(code) for code in range(0x110000)
    if unicodedata.category(chr(code)) == "Nd" and unicodedata.decimal(chr(code)) == 0
]  # fmt: skip


def in_script(zero: str, number: str = MOBILE) -> str:
    return "".join(chr(ord(zero) + int(digit)) for digit in number)


@pytest.mark.parametrize("zero", SCRIPTS, ids=lambda zero: f"U+{ord(zero):04X}")
def test_a_mobile_is_hidden_in_the_digits_of_every_script(zero: str):
    assert mask(f"请打{in_script(zero)}找我") == "请打［手机号］找我"


@pytest.mark.parametrize(
    "ten",
    [
        "⓪①②③④⑤⑥⑦⑧⑨", "⓿❶❷❸❹❺❻❼❽❾", "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉", "零一二三四五六七八九", "〇一二三四五六七八九",
        "○一二三四五六七八九", "◯幺二三四五六七八九", "零壹贰叁肆伍陆柒捌玖", "零壹貳參肆伍陸柒捌玖",
        "洞幺二三四五六拐八勾",
        "o123456789", "O1２3456789", "0l23456789", "⓪⑴⑵⑶⑷⑸⑹⑺⑻⑼",
    ],
)  # fmt: skip
@pytest.mark.parametrize("sizes", [(11,), (3, 4, 4)])
def test_a_mobile_is_hidden_in_signs_that_are_read_as_digits(ten: str, sizes: tuple[int, ...]):
    number = "".join(ten[int(digit)] for digit in "13901402067")
    parts = [number[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]
    assert mask(f"找我：{' '.join(parts)}。") == "找我：［手机号］。"


@pytest.mark.parametrize("sign", [chr(code) for code in (
    *range(0x2000, 0x2010), 0x2028, 0x2029, *range(0x202A, 0x2030), 0x205F, *range(0x2060, 0x2065),
    *range(0x2066, 0x2070),
    0x3164, 0x115F, 0x1160, 0xFFA0, 0xFE0E, 0xFE0F, 0x34F, 0x61C, 0x180E, 0xE0020, 0xE0061, 0xAD, 0xFEFF,
    0x336, 0x20E3,
    0x2800, 0x1680, 0xA0, 0x3000,
)], ids=lambda sign: f"U+{ord(sign):04X}")  # fmt: skip
def test_a_mobile_is_hidden_with_blanks_and_invisible_signs_in_it(sign: str):
    assert mask(f"请打159{sign}2653{sign}5897找我") == "请打［手机号］找我"
    assert mask(f"请打{sign.join(MOBILE)}找我") == "请打［手机号］找我"


@pytest.mark.parametrize("sign", [*".,:;|/=_~*+#•・·、，；：。～＝｜＿…", "\n", "\r\n", " - ", " / ", "\n\n"])
@pytest.mark.parametrize("sizes", [(3, 4, 4), (4, 3, 4), (3, 3, 5), (1,) * 11])
def test_a_mobile_is_hidden_with_the_same_sign_between_its_groups(sign: str, sizes: tuple[int, ...]):
    parts = [MOBILE[sum(sizes[:n]) : sum(sizes[: n + 1])] for n in range(len(sizes))]
    assert mask(f"请打 {sign.join(parts)} 找我") == "请打 ［手机号］ 找我"


@pytest.mark.parametrize(
    "number",
    [
        "(159)2653-5897", "[159]2653-5897", "【159】2653 5897", "（159）（2653）（5897", "159(2653)5897",
        "15 92 65 35 89 7",
        "15 926 535 897", "159\n26535897", "1592653\n5897", "+86 159 2653 5897", "(+86)15926535897",
        "0086-159-2653-5897",
        "015926535897", "8615926535897", "+86：15926535897",
    ],
)  # fmt: skip
def test_a_mobile_is_hidden_however_it_is_grouped(number: str):
    assert "5897" not in mask(f"电话 {number} 谢谢")
    assert "5897" not in mask_answer(f"电话 {number} 谢谢")


@pytest.mark.parametrize(
    ("number", "label"),
    [
        ("+44 7911 123456", "电话"), ("+1 415 555 2671", "电话"), ("001-415-555-2671", "电话"),
        ("+91 98765 43210", "电话"),
        ("+998901234567", "电话"), ("+81-90-1234-5678", "电话"), ("+7 (912) 345-67-89", "电话"),
        ("0044 20 7946 0958", "电话"),
    ],
)  # fmt: skip
def test_a_telephone_of_another_country_is_hidden(number: str, label: str):
    assert mask(f"请打 {number}，谢谢") == f"请打 ［{label}］，谢谢"


@pytest.mark.parametrize(
    "number",
    [
        "440106197805121234", "110105.19490307.0023", "440106|19780512|1234", "440106，19780512，1234",
        "110105490307002",
        "110105 490307 002", "44010619780512123Х", "44010619780512123✕",
    ],
)  # fmt: skip
def test_an_identity_number_is_hidden_though_a_digit_is_wrong_or_it_is_an_old_one(number: str):
    assert mask(f"号码{number}。") == "号码［身份证号］。"


@pytest.mark.parametrize(
    "text",
    [
        "案号440106197805121234", "工单编号440106197805121234", "流水号110105490307002", "单号440605202105100012",
        "440605202105100012", "合计110105490307002元", "110105491307002", "990106197805121234",
    ],
)  # fmt: skip
def test_a_number_of_a_document_is_no_identity_number(text: str):
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "13 15 17 19 21 3 栋", "138、1500、2000户", "138、1500、2000元", "2021年11月30日8:00-20:00", "13,800,138,000元",
        "8:30-12:00,14:30-17:30", "15:30-18:00,8:30-12:00", "13:00-14:30，15:30-18:00", "1．路灯 2．井盖 3．噪音",
        "153项，完成56项", "GB/T 39734-2020", "1998-10-10  100元", "东经113.14280123度，北纬23.02881234度",
        "K12+300至K13+500",
        "①路灯②井盖③噪音④占道⑤积水⑥垃圾⑦停车", "一、二、三、四、五、六、七、八", "每月3456元、4567元、5678元",
        "2021/05/10 13:30:25",
        "http://x.cn/2021/05/10/a-1.html", "GA 36-2018", "401、402、403、501、502、503", "138条、1500米", "版本1.3.8.0",
    ],
)  # fmt: skip
def test_a_list_a_time_an_amount_or_a_coordinate_stays(text: str):
    assert mask(text) == text
    assert mask_answer(text) == text


def digits(count: int) -> str:
    return ("7" + "4" * 40)[:count]


@pytest.mark.parametrize(("count", "is_masked"), [(9, False), (10, True), (11, False)])
def test_a_mobile_has_eleven_digits(count: int, is_masked: bool):
    assert ("手机号" in mask(f"号 15{'4' * (count - 1)}，")) is is_masked


@pytest.mark.parametrize("first", ["10", "11", "12", "20", "30"])
def test_a_mobile_begins_with_one_and_three_to_nine(first: str):
    assert mask(f"号 {first}444444444，") == f"号 {first}444444444，"


@pytest.mark.parametrize("first", ["13", "14", "15", "16", "17", "18", "19"])
def test_each_beginning_of_a_mobile_is_hidden(first: str):
    assert mask(f"号 {first}444444444，") == "号 ［手机号］，"


@pytest.mark.parametrize("separator", ["", "-", " ", "/", "："])
@pytest.mark.parametrize(("count", "is_masked"), [(6, False), (7, True), (8, True), (9, False)])
def test_a_landline_has_seven_or_eight_digits_after_its_area_code(separator: str, count: int, is_masked: bool):
    assert (mask(f"座机0757{separator}{digits(count)}，") == "座机［电话］，") is is_masked
    assert (mask(f"座机0757{separator}{digits(count)}，") == f"座机0757{separator}{digits(count)}，") is not is_masked


@pytest.mark.parametrize(("area", "is_masked"), [
    ("01", False), ("010", True), ("011", False), ("020", True), ("029", True), ("0757", True),
    ("07570", False), ("07", False),
])  # fmt: skip
def test_an_area_code_has_two_or_three_digits_after_its_zero(area: str, is_masked: bool):
    assert ("电话］" in mask(f"座机{area}-74444444，")) is is_masked


@pytest.mark.parametrize("first", ["0", "1"])
def test_no_landline_begins_with_zero_or_one(first: str):
    assert mask(f"座机0757-{first}4444444，") == f"座机0757-{first}4444444，"


@pytest.mark.parametrize(("count", "is_masked"), [(6, False), (7, True), (8, True), (9, False)])
def test_a_telephone_without_area_has_seven_or_eight_digits(count: int, is_masked: bool):
    assert (mask(f"致电{digits(count)}，") == "致电［电话］，") is is_masked


@pytest.mark.parametrize("behind", ["一直没人接", "七日内回复"])
def test_a_numeral_behind_the_only_seven_digits_of_a_text_is_none_of_them(behind: str):
    assert mask(f"电话8123456{behind}") == f"电话［电话］{behind}"


@pytest.mark.parametrize("gap", [" ", "  ", "   ", "    "])
def test_at_most_three_signs_stand_between_two_digits(gap: str):
    assert ("手机号" in mask(f"请打159{gap}2653{gap}5897找我")) is (len(gap) <= 3)


def card(length: int, first: str = "622202") -> str:
    head = (first + "1" * 20)[: length - 1]
    return head + str(luhn.calc_check_digit(head))


@pytest.mark.parametrize(
    ("length", "is_masked"), [(14, False), (15, True), (16, True), (18, True), (19, True), (20, False)]
)
def test_a_card_has_fifteen_to_nineteen_digits(length: int, is_masked: bool):
    assert ("银行卡号" in mask(f"卡号{card(length)}，")) is is_masked


@pytest.mark.parametrize(
    ("first", "is_masked"),
    [
        ("2", False), ("3", True), ("6", True), ("7", False), ("81", True), ("82", False), ("94", False), ("95", True),
        ("99", True),
    ],
)  # fmt: skip
def test_a_card_begins_as_those_of_a_network_do(first: str, is_masked: bool):
    assert ("银行卡号" in mask(f"卡号{card(16, first)}，")) is is_masked


@pytest.mark.parametrize("wrong", range(1, 10))
def test_a_card_whose_check_digit_is_wrong_is_another_number(wrong: int):
    right = card(16)
    assert "银行卡号" not in mask(f"卡号{right[:-1]}{(int(right[-1]) + wrong) % 10}，")


def identity(born: str) -> str:
    return f"440106{born}123" + str(mod_11_2.calc_check_digit(f"440106{born}123"))


@pytest.mark.parametrize(("born", "is_masked"), [
    ("17991231", False), ("18000101", True), ("20990101", True), ("21000101", False), ("19780012", False),
    ("19780112", True),
    ("19781212", True), ("19781312", False), ("19780500", False), ("19780501", True), ("19780531", True),
    ("19780532", False),
])  # fmt: skip
def test_an_identity_number_has_a_day_in_it(born: str, is_masked: bool):
    assert ("身份证号" in mask(f"号码{identity(born)}，")) is is_masked


@pytest.mark.parametrize("count", [17, 19])
def test_an_identity_number_has_eighteen_digits(count: int):
    number = (identity("19780512")[:-1] + "12")[:count]
    assert "身份证号" not in mask(f"号码{number}，")


@pytest.mark.parametrize(("count", "is_masked"), [(3, False), (4, False), (5, True), (6, True), (7, True)])
def test_a_plate_has_five_or_six_signs_behind_its_letter(count: int, is_masked: bool):
    assert ("车牌］" in mask(f"粤E{'1234567'[:count]}，")) is is_masked


@pytest.mark.parametrize(("count", "is_masked"), [(40, False), (41, True)])
def test_more_than_forty_digits_on_end_are_hidden(count: int, is_masked: bool):
    assert (mask("8" * count) == "［号码］") is is_masked


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_a_text_without_digits_of_any_kind_has_no_number_in_it(text: str):
    plain = "".join(sign for sign in text if not sign.isalnum())
    assert "号］" not in mask(plain)


@given(
    st.text("路灯坏了，请 ab１①一\u200b\u2060\U0001f600\n", max_size=20),
    st.text("路灯坏了，请 ab\u200b\u2060\U0001f600\n", max_size=20),
)
def test_only_the_number_itself_is_replaced(before: str, after: str):
    text = f"{before}联系{MOBILE}谢谢{after}"
    assert mask(text) == f"{before}联系［手机号］谢谢{after}"
