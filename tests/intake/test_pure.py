"""Demand numbers detect typing errors, and long texts are cut without leaving half a number."""

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
def test_every_single_typing_error_in_a_number_is_detected(serial: int, year: int, data: st.DataObject):
    valid = number("NH", year, serial)
    assume(valid[-1] not in "".join(ALIKE))
    assert canonical(valid) == valid
    position = data.draw(st.sampled_from([n for n, c in enumerate(valid) if c != "-"]))
    other_character = data.draw(
        st.sampled_from([c for c in ALPHABET if c != valid[position] and not alike(c, valid[position])])
    )
    assert canonical(valid[:position] + other_character + valid[position + 1 :]) is None


@given(st.sampled_from(["NH", "LA", "SO"]), st.integers(1, 10**8), st.integers(2000, 2099), st.data())
def test_similar_looking_characters_are_read_as_the_intended_ones(
    prefix: str, serial: int, year: int, data: st.DataObject
):
    valid = number(prefix, year, serial)
    typed = "".join(data.draw(st.sampled_from([c, *(o for o in ALPHABET if alike(o, c))])) for c in valid[2:])
    typed_number = valid[:2] + typed
    assert (
        canonical(data.draw(st.sampled_from([typed_number, typed_number.lower(), typed_number.replace("-", "")])))
        == valid
    )


TYPED = (
    "nh21-{s}-{c}", " NH21 {s} {c} ", "nh21{s}{c}", "NH21－{s}－{c}", "ＮＨ２１－{s}－{c}", "【NH21-{s}-{c}】",
    "#NH21-{s}-{c}", "＃ＮＨ２１{s}{c}", "编号：NH21-{s}-{c}。", "nh 21 {s} {c}", "NH21–{s}—{c}", "\u200bNH21-{s}-{c}",
    "NHZI-{s}-{c}", "NH２１/{s}/{c}",
)  # fmt: skip


@pytest.mark.parametrize("serial", [1335, 78, 86])
@pytest.mark.parametrize("typed_number", TYPED)
def test_a_number_may_be_typed_with_other_case_and_separators(typed_number: str, serial: int):
    valid = number("NH", 2021, serial)
    for wide in (False, True):
        digits = valid[5:11].translate(WIDE if wide else {})
        assert canonical(typed_number.format(s=digits, c=valid[-1].lower())) == valid
    assert canonical(typed_number.format(s=valid[5:11].replace("0", "o"), c=valid[-1].replace("O", "0"))) == valid


def test_a_letter_of_the_prefix_typed_as_a_digit_is_read():
    valid = number("LO", 2026, 7)
    assert canonical("1" + "0" + valid[2:]) == valid


NO_NUMBERS = ("", "诉求", "NH21", "NH21-00133-9", "NH21-001335-8", "N321-001335-9", "N" * 64, "½" * 64)


@pytest.mark.parametrize("typed_number", NO_NUMBERS)
def test_an_invalid_number_is_refused_with_an_example(typed_number: str):
    assert canonical(typed_number) is None
    with pytest.raises(Refused) as refused:
        read_number(typed_number)
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
def test_a_message_may_begin_with_a_number_in_any_spelling(text: str, rest: str):
    assert number_first(text) == ("NH21-001335-9", rest)
    assert number_first(f"今天{text}") == (None, f"今天{text}")
    assert next(numbers_in(f"Re: 您的诉求{text}"))[0] == "NH21-001335-9"


@pytest.mark.parametrize("most", [60, 200, 4000])
@pytest.mark.parametrize("number_text", ["电话13800138000，", "身份证440682198503124511 ", "家住1号"])
def test_no_part_of_a_number_is_left_wherever_a_long_text_is_cut(number_text: str, most: int):
    for before in range(25):
        fitted = fitting("长" * before + number_text * (10 * most), most)
        assert len(fitted) <= most
        assert fitted.endswith("…")
        assert not any(character.isascii() and character.isdigit() for character in fitted)
