"""Numbers of demands catch slips; long texts are cut without leaving half a number."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.intake.submission.fitting import fitting
from shared.contracts.numbers import EXAMPLE, canonical, number, number_first, numbers_in, read_number
from shared.contracts.refusals import Refused
from tests.intake.people import WIDE

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALIKE = ("0ODQ", "1IL", "2Z", "5S", "6G", "8B")


def alike(one: str, other: str) -> bool:
    return any(one in group and other in group for group in ALIKE)


@given(st.integers(1, 10**8), st.integers(2000, 2099), st.data())
def test_every_single_slip_in_a_number_is_noticed(serial: int, year: int, data: st.DataObject):
    good = number("NH", year, serial)
    assume(good[-1] not in "".join(ALIKE))
    assert canonical(good) == good
    place = data.draw(st.sampled_from([n for n, c in enumerate(good) if c != "-"]))
    wrong = data.draw(st.sampled_from([c for c in ALPHABET if c != good[place] and not alike(c, good[place])]))
    assert canonical(good[:place] + wrong + good[place + 1 :]) is None


@given(st.sampled_from(["NH", "LA", "SO"]), st.integers(1, 10**8), st.integers(2000, 2099), st.data())
def test_characters_that_look_alike_are_read_as_the_ones_that_are_meant(
    prefix: str, serial: int, year: int, data: st.DataObject
):
    good = number(prefix, year, serial)
    typed = "".join(data.draw(st.sampled_from([c, *(o for o in ALPHABET if alike(o, c))])) for c in good[2:])
    written = good[:2] + typed
    assert canonical(data.draw(st.sampled_from([written, written.lower(), written.replace("-", "")]))) == good


TYPED = (
    "nh21-{s}-{c}", " NH21 {s} {c} ", "nh21{s}{c}", "NH21－{s}－{c}", "ＮＨ２１－{s}－{c}", "【NH21-{s}-{c}】",
    "#NH21-{s}-{c}", "＃ＮＨ２１{s}{c}", "编号：NH21-{s}-{c}。", "nh 21 {s} {c}", "NH21–{s}—{c}", "\u200bNH21-{s}-{c}",
    "NHZI-{s}-{c}", "NH２１/{s}/{c}",
)  # fmt: skip


@pytest.mark.parametrize("serial", [1335, 78, 86])
@pytest.mark.parametrize("written", TYPED)
def test_a_number_may_be_typed_carelessly(written: str, serial: int):
    good = number("NH", 2021, serial)
    for wide in (False, True):
        digits = good[5:11].translate(WIDE if wide else {})
        assert canonical(written.format(s=digits, c=good[-1].lower())) == good
    assert canonical(written.format(s=good[5:11].replace("0", "o"), c=good[-1].replace("O", "0"))) == good


def test_a_letter_of_the_place_typed_as_a_digit_is_read():
    good = number("LO", 2026, 7)
    assert canonical("1" + "0" + good[2:]) == good


NO_NUMBERS = ("", "诉求", "NH21", "NH21-00133-9", "NH21-001335-8", "N321-001335-9", "N" * 64, "½" * 64)


@pytest.mark.parametrize("written", NO_NUMBERS)
def test_what_is_no_number_is_told_with_what_a_number_looks_like(written: str):
    assert canonical(written) is None
    with pytest.raises(Refused) as refused:
        read_number(written)
    assert refused.value.errors[0].example == EXAMPLE
    assert canonical(EXAMPLE) == EXAMPLE


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("nh21-oo1335-9 又坏了", "又坏了"),
        ("【NH21-001335-9】又坏了", "又坏了"),
        ("#ＮＨ２１００１３３５9：又坏了", "又坏了"),
        ("编号NH21 001335 9，又坏了", "又坏了"),
        ("NH21-001335-9 7K2M9QXD 又坏了", "7K2M9QXD 又坏了"),
    ],
)
def test_a_message_may_begin_with_a_number_as_people_type_it(text: str, rest: str):
    assert number_first(text) == ("NH21-001335-9", rest)
    assert number_first(f"今天{text}") == (None, f"今天{text}")
    assert next(numbers_in(f"Re: 您的诉求{text}"))[0] == "NH21-001335-9"


@pytest.mark.parametrize("most", [60, 200, 4000])
@pytest.mark.parametrize("said", ["电话13800138000，", "身份证440682198503124511 ", "家住1号"])
def test_wherever_a_long_text_is_cut_no_number_is_left(said: str, most: int):
    for before in range(25):
        told = fitting("长" * before + said * (10 * most), most)
        assert len(told) <= most
        assert told.endswith("…")
        assert not any(character.isascii() and character.isdigit() for character in told)
