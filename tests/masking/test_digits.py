"""Numbers that lead to a person are hidden in whatever way they are written; amounts, dates and order numbers stay."""

import pytest
from stdnum import luhn

from shared.masking import mask


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("请联系13800138000万先生", "请联系［手机号］万先生"),
        ("13800138000 元女士", "［手机号］ 元女士"),
        ("13800138000 元旦不在", "［手机号］ 元旦不在"),
        ("13800138000亿达小区", "［手机号］亿达小区"),
        ("身份证11010519491231002X 元", "身份证［身份证号］ 元"),
    ],
)
def test_a_number_before_万_or_元_is_hidden_unless_it_is_an_amount(text: str, hidden: str):
    assert mask(text) == hidden


@pytest.mark.parametrize("text", ["工程款13800138000元", "共13800138000 元整", "13800138000元先付", "1380013800万元"])
def test_an_amount_stays(text: str):
    assert mask(text) == text


@pytest.mark.parametrize("text", ["订单2021051000000004", "单号20210510-0000-0004", "流水号1202105100000000"])
def test_an_order_number_is_no_card_though_its_check_digit_fits(text: str):
    assert luhn.is_valid("".join(sign for sign in text if sign.isdigit()))
    assert mask(text) == text


@pytest.mark.parametrize("number", ["6222021234567890128", "371449635398431", "8171999927660000", "9558801234567890128"])
def test_a_card_is_hidden_whatever_network_it_is_of(number: str):
    assert mask(f"卡号{number}") == "卡号［银行卡号］"
