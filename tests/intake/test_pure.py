"""Numbers of demands catch slips; long texts are cut without leaving half a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain import fitting
from services.intake.numbers import canonical, number

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@given(st.integers(1, 10**8), st.integers(2000, 2099), st.data())
def test_every_single_slip_in_a_number_is_noticed(serial: int, year: int, data: st.DataObject):
    good = number("NH", year, serial)
    assert canonical(good) == good
    place = data.draw(st.sampled_from([n for n, c in enumerate(good) if c != "-"]))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != good[place]]))
    assert canonical(good[:place] + wrong + good[place + 1 :]) is None


@pytest.mark.parametrize(
    "written",
    ["nh21-001335-{c}", " NH21 001335 {c} ", "nh21001335{c}", "NH21－001335－{c}", "ＮＨ２１－００１３３５－{c}"],
)
def test_a_number_may_be_typed_carelessly(written: str):
    good = number("NH", 2021, 1335)
    assert canonical(written.format(c=good[-1].lower())) == good


@pytest.mark.parametrize("most", [60, 200, 4000])
@pytest.mark.parametrize("said", ["电话13800138000，", "身份证440682198503124511 ", "家住1号"])
def test_wherever_a_long_text_is_cut_no_number_is_left(said: str, most: int):
    for before in range(25):
        told = fitting("长" * before + said * (10 * most), most)
        assert len(told) <= most
        assert told.endswith("…")
        assert not any(character.isascii() and character.isdigit() for character in told)
