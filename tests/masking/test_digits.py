"""Numbers that identify a person are masked in every spelling; amounts, dates and order numbers stay."""

import pytest
from stdnum import luhn

from shared.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("请联系13800138000万先生", "请联系［手机号］万先生"),
        ("13800138000 元女士", "［手机号］ 元女士"),
        ("13800138000 元旦不在", "［手机号］ 元旦不在"),
        ("13800138000亿达小区", "［手机号］亿达小区"),
        ("身份证11010519491231002X 元", "身份证［身份证号］ 元"),
    ],
)
def test_a_number_before_a_family_name_or_a_feast_is_hidden_unless_it_is_an_amount(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize("text", ["工程款13800138000元", "共13800138000 元整", "13800138000元先付", "1380013800万元"])
def test_an_amount_stays(text: str):
    assert mask(text) == text


@pytest.mark.parametrize("text", ["订单2021051000000004", "单号20210510-0000-0004", "流水号1202105100000000"])
def test_an_order_number_is_no_card_though_its_check_digit_fits(text: str):
    assert luhn.is_valid("".join(sign for sign in text if sign.isdigit()))
    assert mask(text) == text


@pytest.mark.parametrize(
    "number", ["6222021234567890128", "371449635398431", "8171999927660000", "9558801234567890128"]
)
def test_a_card_is_hidden_whatever_network_it_is_of(number: str):
    assert mask(f"卡号{number}") == "卡号［银行卡号］"


@pytest.mark.parametrize(
    "number",
    [
        "138  0013  8000", "138--0013--8000", "138 - 0013 - 8000", "138\t0013\t8000", "138\u200c0013\u20608000",
        "138\ufeff0013\u00ad8000", "138\u200900138000", "138−0013−8000", "138.0013.8000", "138/0013/8000",
        "138·0013·8000", "138．0013．8000", "（138）0013-8000", "(138) 0013 8000",
        *("".join(f"{digit}{sign}" for digit in "13800138000")[:-1] for sign in (" ", "-", "\u200b")),
    ],
)  # fmt: skip
def test_a_mobile_is_hidden_whatever_stands_between_its_groups(number: str):
    assert mask(f"请打{number}找我") == "请打［手机号］找我"


def test_a_mobile_in_keycaps_is_hidden():
    assert mask("".join(f"{digit}\ufe0f\u20e3" for digit in "13800138000")).startswith("［手机号］")


@pytest.mark.parametrize("number", ["11010519491231002×", "11010519491231002Ⅹ", "110105 19491231 002 Ｘ"])
def test_an_identity_number_is_hidden_whatever_its_x(number: str):
    assert mask(f"身份证{number}。") == "身份证［身份证号］。"


@pytest.mark.parametrize(("text", "masked"), [("13800138000×2", "［手机号］×2"), ("13800138000x", "［手机号］x")])
def test_a_mobile_before_a_sign_of_times_is_hidden(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("座机+86 757 8633 2211", "座机［电话］"),
        ("座机+86-757-86332211", "座机［电话］"),
        ("座机0086（0757）86332211", "座机［电话］"),
        ("0757.86332211", "［电话］"),
        ("0757/86332211", "［电话］"),
        ("0757 - 8633  2211", "［电话］"),
        ("联系方式：86332211", "联系方式：［电话］"),
        ("电话(86332211)", "电话(［电话］)"),
        ("电话（8633 2211）", "电话（［电话］）"),
        ("宅电86332211", "宅电［电话］"),
        ("+852 9123 4567", "［电话］"),
        ("00852-91234567", "［电话］"),
        ("+853-66123456", "［电话］"),
        ("+886 912 345 678", "［电话］"),
    ],
)
def test_a_telephone_at_home_or_beyond_the_border_is_hidden(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "东经130.12345678度", "138.00138000", "138.0013.80001", "192.168.1300.1380", "1500 - 1600元", "100×200×300",
        "2021.05.10", "2021/05/10 13:30", "1998-10-10  100元", "1398--10--10", "12345.0757", "比例0.0757",
        "联系方式：12345", "电话(12345)", "家电86332211元", "+852", "单价852-1234元", "第3章0757.1",
        "①②③④⑤⑥⑦⑧⑨①②",
    ],
)  # fmt: skip
def test_a_fraction_a_date_or_a_size_stays(text: str):
    assert mask(text) == text
