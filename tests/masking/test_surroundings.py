"""What is masked does not depend on the rest of the text, and masking is always fast."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.masking import mask, mask_answer
from shared.masking.crowds import MANY

# Each sentence with its masked form; all end with a full stop.
SENTENCES = {
    "请打13812345678找我。": "请打［手机号］找我。",
    "手机幺三八零零幺三八零零零。": "手机［手机号］。",
    "也可以打138 0013 8000。": "也可以打［手机号］。",
    "或者１３８００１３８０００。": "或者［手机号］。",
    "请打13800138000 元女士在家。": "请打［手机号］ 元女士在家。",
    "合同上有工程款13800138000元整。": "合同上有工程款13800138000元整。",
    "身份证是110105 19491231 002x。": "身份证是［身份证号］。",
    "案号440106197805121234已经立案。": "案号440106197805121234已经立案。",
    "打到卡号6222021234567890128上。": "打到卡号［银行卡号］上。",
    "流水号1202105100000000查不到。": "流水号1202105100000000查不到。",
    "车牌粤E12345的车违停。": "车牌［车牌］的车违停。",
    "邮箱是li.si@example.com。": "邮箱是［邮箱］。",
    "加微信号：wx_abc123。": "加微信号：［微信号］。",
    "加扣扣12345678。": "加扣扣［QQ号］。",
    "我们小区3栋402房漏水。": "我们小区［门牌］漏水。",
    "鹤峰村三巷九号门前积水。": "鹤峰村三巷［门牌］门前积水。",
    "银杉路559号酒店太吵。": "银杉路559号酒店太吵。",
    "家住文星桥2号，道路不平。": "家住文星桥［门牌］，道路不平。",
    "28号灯柱不亮。": "28号灯柱不亮。",
    "我叫李建义，来自桂城。": "我叫［姓名］，来自桂城。",
    "业主：何国强，反映噪音。": "业主：［姓名］，反映噪音。",
    "赵志刚医生不在。": "［姓名］医生不在。",
    "我妈妈赵秀兰在家摔倒。": "我妈妈［姓名］在家摔倒。",
    "居民强烈建议拆除。": "居民强烈建议拆除。",
    "查询码是1php-1m2h。": "查询码是［查询码］。",
    "施工时间是2021年5月10日8:00-20:00。": "施工时间是2021年5月10日8:00-20:00。",
    "一、二、三、四、五、六、七、八都不行。": "一、二、三、四、五、六、七、八都不行。",
    "共有401、402、403、501、502、503。": "共有401、402、403、501、502、503。",
    "每月3456元、4567元、5678元。": "每月3456元、4567元、5678元。",
}
ANSWERS = {
    "详询0757-86332211。": "详询0757-86332211。",
    "请到行政中心3栋402室办理。": "请到行政中心3栋402室办理。",
    "已电话13812345678联系。": "已电话［手机号］联系。",
    "经核实，您家3栋402房漏水。": "经核实，您家［门牌］漏水。",
    "已联系业主张志明。": "已联系业主［姓名］。",
}
FILLING = st.text("路灯坏了很久没人修也看见过车太多要等到明年", max_size=60).map("{}。".format)
NUMBER = re.compile(r"[0-9]")


def texts(sentences: dict[str, str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.one_of(st.sampled_from([*sentences]), FILLING), max_size=25)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_alone_is_masked(sentence: str):
    assert mask(sentence) == SENTENCES[sentence]


@given(texts(SENTENCES))
def test_sentences_in_any_order_are_masked_like_each_alone(sentences: list[str]):
    assert mask("".join(sentences)) == "".join(SENTENCES.get(sentence, sentence) for sentence in sentences)


@given(texts(ANSWERS))
def test_sentences_of_an_office_are_masked_like_each_alone(sentences: list[str]):
    # Rooms of an office are distinguished from a citizen's by the preceding words in the same sentence.
    assert mask_answer("".join(sentences)) == "".join(ANSWERS.get(sentence, sentence) for sentence in sentences)


@pytest.mark.parametrize("seed", range(3))
def test_the_longest_text_is_masked_like_each_of_its_sentences(seed: int):
    filling = ["路灯坏了很久没人修，请有关部门尽快处理。", "车太多。", "明年再说也不行，因为我们等不到了。"]
    sentences = Random(seed).choices([*SENTENCES, *filling * 20], k=600)
    assert mask("".join(sentences)) == "".join(SENTENCES.get(sentence, sentence) for sentence in sentences)


def test_very_many_numbers_are_all_masked():
    sentence = "28号灯柱坏了三天，至今没有人来看。"
    assert mask(sentence * (MANY // 2)) == sentence * (MANY // 2)
    assert not NUMBER.search(mask(sentence * MANY))
    assert mask(sentence * MANY).endswith("天，至今没有人来看。")


def test_names_between_very_many_numbers_are_masked_as_usual():
    text = "我叫李建义，来自桂城。邮箱小蓝@qq.com，" + "1号、2号；" * MANY + "业主：何国强，反映噪音。"
    masked = mask(text)
    assert [name for name in ("李建义", "小蓝", "何国强") if name in masked] == []
    assert masked.startswith("我叫［姓名］，来自桂城。")
    assert masked.endswith("业主：［姓名］，反映噪音。")
    assert mask(masked) == masked


@pytest.mark.parametrize("number", ["+86 1381234567", "138 0013 800"])
def test_neighbouring_numbers_are_all_masked_in_a_long_text(number: str):
    masked = mask(number * 100)
    assert not NUMBER.search(masked)


@pytest.mark.parametrize("number", ["110105 1×9491231002X", "1101051×949123100 2X", "110105×19491231×002×"])
def test_a_multiplication_sign_within_an_identity_number_is_a_separator(number: str):
    assert mask(f"号码{number}。") == "号码［身份证号］。"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("查询码1PHP1M2H", "查询码［查询码］"), ("/rate/----------------", "/rate/［链接］"),
        ("/follow/________________", "/follow/［链接］"), ("?code=-", "?code=［查询码］"),
        ("NH26000001X ABCDEFGH", "NH26000001X ［查询码］"), ("粤EABCDE", "［车牌］"), ("WJ1234", "［车牌］"),
        ("军A12345", "［车牌］"), ("车牌E1234", "车牌［车牌］"), ("护照123456", "护照［证件号］"),
        ("参字第12345号", "［证件号］"), ("ssn:123456", "ssn:［证件号］"), ("1@1.c1", "［邮箱］"),
        ("微信号a_____", "微信号［微信号］"), ("微信号123456", "微信号［微信号］"), ("微信abcdef", "微信［微信号］"),
        ("a____是微信", "［账号］是微信"), ("扣扣12345", "扣扣［QQ号］"), ("1-1-101", "［门牌］"), ("Rm1", "［门牌］"),
        ("1栋101", "［门牌］"), ("3号楼101", "［门牌］"),
        ("2单元102号", "［门牌］"), ("一栋一零一", "［门牌］"), ("101室", "［门牌］"), ("三巷9号", "三巷［门牌］"),
        ("Mr A", "Mr ［姓名］"), ("I'm A' B'", "I'm ［姓名］"), ("my name is a", "my name is ［姓名］"),
        ("1" * 41, "［号码］"), ("13800138000", "［手机号］"), ("110105491231002", "［身份证号］"),
        ("371449635398431", "［银行卡号］"), ("11010519491231002X", "［身份证号］"), ("+1234567", "［电话］"),
        ("01021234567", "［电话］"), ("010-212-3456", "［电话］"), ("(212) 345-6789", "［电话］"),
        ("电话2123456", "电话［电话］"),
    ],
)  # fmt: skip
def test_the_shortest_of_each_kind_is_hidden(text: str, masked: str):
    assert mask(text) == masked
