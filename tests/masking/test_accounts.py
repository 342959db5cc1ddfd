"""Plates, permits and names of accounts are hidden in the ways that they are written; other words and numbers stay."""

import pytest

from shared.masking import mask


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("车牌粤E１２３４５违停", "车牌［车牌］违停"),
        ("粤Ｅ１２３４５违停", "［车牌］违停"),
        ("粤·E12345", "［车牌］"),
        ("粤 E12345", "［车牌］"),
        ("粤 E1234学", "［车牌］"),
    ],
)
def test_a_plate_is_hidden(text: str, hidden: str):
    assert mask(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("护照E12345678", "护照［证件号］"),
        ("护照号码：EA1234567，", "护照号码：［证件号］，"),
        ("回乡证H1234567800", "回乡证［证件号］"),
        ("港澳通行证（C12345678）", "港澳通行证（［证件号］）"),
        ("台胞证号是12345678", "台胞证号是［证件号］"),
        ("香港身份证A123456(7)", "香港身份证［证件号］"),
        ("香港身份证：A123456（A）", "香港身份证：［证件号］"),
    ],
)
def test_a_permit_is_hidden_where_it_is_named(text: str, hidden: str):
    assert mask(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("QQ号（12345678）", "QQ号（［QQ号］）"),
        ("QQ(12345678)", "QQ(［QQ号］)"),
        ("微信ID：zhangsan88", "微信ID：［微信号］"),
        ("微信号（zhangsan88）", "微信号（［微信号］）"),
        ("加V信zhangsan88", "加V信［微信号］"),
        ("wechat: zhangsan88", "wechat: ［微信号］"),
        ("WeChat ID：zhangsan88", "WeChat ID：［微信号］"),
    ],
)
def test_the_name_of_an_account_is_hidden(text: str, hidden: str):
    assert mask(text) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "更新 Windows", "更新 AdBlue", "最新 ABCDEF", "最新 GB18030", "在粤 E座", "护照2021年5月到期", "护照和通行证",
        "通行证12345", "护照办理20天", "微信（WeChat）公众号", "微信(Android)", "WeChat payment",
        "QQ（群）", "QQ(12)",
    ],
)  # fmt: skip
def test_another_word_or_number_stays(text: str):
    assert mask(text) == text
