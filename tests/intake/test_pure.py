"""Numbers that catch slips, texts that hide people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.masking import mask
from services.intake.numbers import canonical, number

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@given(st.integers(1, 10**8), st.integers(2000, 2099), st.data())
def test_every_single_slip_in_a_number_is_noticed(serial: int, year: int, data: st.DataObject):
    good = number("NH", year, serial)
    assert canonical(good) == good
    place = data.draw(st.sampled_from([n for n, c in enumerate(good) if c != "-"]))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != good[place]]))
    assert canonical(good[:place] + wrong + good[place + 1 :]) is None


@pytest.mark.parametrize("written", ["nh21-001335-{c}", " NH21 001335 {c} ", "nh21001335{c}", "NH21－001335－{c}"])
def test_a_number_may_be_typed_carelessly(written: str):
    good = number("NH", 2021, 1335)
    assert canonical(written.format(c=good[-1].lower())) == good


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("请打13812345678找我", "请打［手机号］找我"),
        ("+86 138 1234 5678", "［手机号］"),
        ("座机0757-86332211", "座机［电话］"),
        ("身份证11010519491231002X。", "身份证［身份证号］。"),
        ("身份证110105194912310021。", "身份证110105194912310021。"),
        ("卡号6222021234567890129", "卡号6222021234567890129"),
        ("卡号 4539 1488 0343 6467", "卡号 ［银行卡号］"),
        ("车牌粤E12345违停", "车牌［车牌］违停"),
        ("编号12345678901234567890", "编号12345678901234567890"),
        ("2021年5月10日，3栋2单元", "2021年5月10日，3栋2单元"),
    ],
)
def test_what_points_to_a_person_is_hidden_and_the_rest_stays(text: str, hidden: str):
    assert mask(text) == hidden
