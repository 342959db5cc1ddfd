"""Plates, permits and account names are masked in all usual spellings; other words and numbers stay."""

import pytest

from shared.masking import mask, mask_answer


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("车牌粤E１２３４５违停", "车牌［车牌］违停"),
        ("粤Ｅ１２３４５违停", "［车牌］违停"),
        ("粤·E12345", "［车牌］"),
        ("粤 E12345", "［车牌］"),
        ("粤 E1234学", "［车牌］"),
    ],
)
def test_a_plate_is_hidden(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
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
def test_a_permit_is_hidden_where_it_is_named(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
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
def test_the_name_of_an_account_is_hidden(text: str, masked: str):
    assert mask(text) == masked


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


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("粤-E-54321", "［车牌］"), ("粤E*54321", "［车牌］"), ("粤E\u200b54321", "［车牌］"),
        ("粤Е54321", "［车牌］"),
        ("WJ粤4321B", "［车牌］"), ("使224578", "［车牌］"), ("沪A0123领", "［车牌］"),
        ("车牌E54321", "车牌［车牌］"),
        ("passport no. E87654321", "passport no. ［证件号］"), ("军官证：军字第7654321号", "军官证：［证件号］"),
        ("出生证编号B987654321", "出生证编号［证件号］"), ("驾驶证：440106197805", "驾驶证：［证件号］"),
        ("邮箱 wang.wu＠qq．com", "邮箱 ［邮箱］"), ("wang\u200b@qq.com", "［邮箱］"), ("王五@qq.com", "［邮箱］"),
        ("wang艾特qq.com", "［邮箱］"), ("wang（at）qq.com", "［邮箱］"), ("wang at qq dot com", "［邮箱］"),
        ("支付宝：wang_wu9", "支付宝：［账号］"), ("钉钉号wangwu99", "钉钉号［账号］"),
        ("抖音号 87654321", "抖音号 ［账号］"),
        ("Telegram：@wangwu", "Telegram：@［账号］"), ("whatsapp wangwu99", "whatsapp ［账号］"),
        ("微 信 wangwu99", "微 信 ［微信号］"), ("wei信wangwu99", "wei信［微信号］"),
        ("Weixin号wangwu99", "Weixin号［微信号］"),
        ("加V wangwu99", "加V ［微信号］"), ("微信号9wangwu", "微信号［微信号］"),
        ("微信号为“wangwu99”", "微信号为“［微信号］”"),
        ("微信（wangwu99）", "微信（［微信号］）"), ("q q 87654321", "q q ［QQ号］"),
    ],
)  # fmt: skip
def test_what_leads_to_a_person_is_hidden_in_other_ways_to_write_it(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "微信公众号：nanhai_gov", "微信(Android)", "支付宝1300元", "抖音直播", "微信号：0757-86332211",
        "即使123456", "路灯杆E54321",
        "电动车 A1 类", "look at me", "3@8元", "the line is long", "驾驶证2021年到期",
    ],
)  # fmt: skip
def test_a_public_account_an_amount_or_a_word_stays(text: str):
    assert mask_answer(text) == text
