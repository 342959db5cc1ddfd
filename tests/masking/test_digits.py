"""Numbers that lead to a person are hidden in whatever way they are written; amounts, dates and order numbers stay."""

import pytest

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
