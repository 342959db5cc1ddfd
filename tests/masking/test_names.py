"""Introduced names are masked, and words that begin like names stay."""

import pytest

from shared.masking import mask, mask_answer


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我叫张小明", "我叫［姓名］"),
        ("姓名：李小燕", "姓名：［姓名］"),
        ("投诉人：张小明，电话", "投诉人：［姓名］，电话"),
        ("我叫刘有才，", "我叫［姓名］，"),
        ("联系人：李先进", "联系人：［姓名］"),
        ("业主：王先林", "业主：［姓名］"),
        ("联系人：王工明", "联系人：［姓名］"),
        ("我的名字是张志明", "我的名字是［姓名］"),
        ("我叫“张志明”", "我叫“［姓名］”"),
    ],
)
def test_an_introduced_name_is_masked_whatever_it_begins_with(text: str, masked: str):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "label",
    ["来电人", "诉求人", "当事人", "住户", "收款人", "户名", "经办人", "署名", "姓名", "联系人姓名", "联系人 "],
)
@pytest.mark.parametrize(
    "name", ["张志明", "于志明", "常明", "时明", "关小明", "佟明", "招志明", "張志明", "陳明", "邝志明"]
)
def test_a_name_behind_a_label_is_hidden(label: str, name: str):
    assert mask(f"{label}：{name}，急") == f"{label}：［姓名］，急"


def test_a_name_in_a_form_without_colons_is_hidden():
    assert mask("姓名 张志明 电话 86332211") == "姓名 ［姓名］ 电话 ［电话］"


@pytest.mark.parametrize(
    "text",
    [
        "联系人：李先生", "联系人：王小姐", "联系人：李工", "联系人：李工，", "联系人：张总", "业主：金小区",
        "联系人：华有限公司", "当事人：于某", "我的名字是秘密", "我叫她小明", "我叫“阿明”", "姓名 单位 电话",
        "姓名 金额 电话", "住户：和谐家园小区", "当事人于昨天", "署名张贴", "户名和账号",
        "我是罗村，住在沙坑", "我是黄岐，住", "我是罗村人，住在沙坑", "本人孙子今年，", "本人孙子今年五岁",
        "本人董事会，", "本人周末上，", "本人付全款，", "本人钱包里，", "本人张贴了，", "本人曾经是一名工人",
        "当事人：原业主，", "姓名：时间：", "业主：商户，", "投诉人：车主，",
    ],
)  # fmt: skip
def test_a_title_a_place_or_another_word_stays(text: str):
    assert mask(text) == text


@pytest.mark.parametrize("name", ["周一鸣", "孙志明", "董明珠", "罗村明", "付国强"])
def test_a_name_that_begins_like_a_word_is_masked(name: str):
    assert mask(f"本人{name}，住桂城") == "本人［姓名］，住桂城"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我叫古丽娜尔·买买提，", "我叫［姓名］，"),
        ("本人艾力·热合曼", "本人［姓名］"),
        ("业主：买买提艾力，", "业主：［姓名］，"),
        ("我叫赵 志 刚", "我叫［姓名］"),
        ("我叫赵\u200b志刚", "我叫［姓名］"),
        ("叫我赵志刚就行", "叫我［姓名］就行"),
        ("免贵姓赵名志刚", "免贵姓［姓名］"),
        ("患者：赵志刚，", "患者：［姓名］，"),
        ("死者赵志刚", "死者［姓名］"),
        ("我妈妈赵秀兰在家摔倒", "我妈妈［姓名］在家摔倒"),
        ("学员赵志刚，", "学员［姓名］，"),
        ("联系人：赵志刚、钱明亮和孙秀英，", "联系人：［姓名］、［姓名］和［姓名］，"),
        ("My name is Mary Jones", "My name is ［姓名］"),
        ("I'm Mary Jones.", "I'm ［姓名］."),
        ("Contact: Mary Jones,", "Contact: ［姓名］,"),
        ("姓名：Zhao Zhigang，", "姓名：［姓名］，"),
        ("赵志刚先生：您好", "［姓名］先生：您好"),
        ("由赵志刚医生看诊", "由［姓名］医生看诊"),
        ("本户（赵志刚）", "本户（［姓名］）"),
        ("赵志刚15926535897", "［姓名］［手机号］"),
        ("赵志刚：0757-86332211", "［姓名］：［电话］"),
        ("欧阳志刚，电话15926535897", "［姓名］，电话［手机号］"),
        ("15926535897（赵志刚）", "［手机号］（［姓名］）"),
        ("15926535897，找赵志刚。", "［手机号］，找［姓名］。"),
    ],
)
def test_a_name_is_masked_beside_words_that_identify_it_as_one(text: str, masked: str):
    assert mask(text) == masked


def test_names_in_an_offices_text_are_masked_and_its_number_stays():
    text = "已联系业主张志明，请找赵志刚0757-86332211或王科长"
    assert mask_answer(text) == "已联系业主［姓名］，请找［姓名］0757-86332211或王科长"


@pytest.mark.parametrize(
    "text",
    [
        "李先生", "高先生幼儿园", "居民区建设得好", "居民强烈建议拆除", "学生安安静静上课", "市民安心生活",
        "居民区和学校之间",
        "广大业主，梅溪湖边", "黄花镇（0757-86332211）", "详情可查询，查询电话：0757-86332211", "（高新区）",
        "“东二环”",
        "15926535897，谢谢", "各位网友：经查，", "大中专学生毕业回原籍", "车牌和门牌", "张槎街道", "李村村委会",
        "万科城市花园",
        "我是保利·香槟花园的业主", "I am Very Angry",
    ],
)  # fmt: skip
def test_a_place_an_office_or_a_sentence_is_no_name(text: str):
    assert "［姓名］" not in mask(text)
    assert "［姓名］" not in mask_answer(text)
