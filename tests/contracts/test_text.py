"""Text that cannot be stored is refused at input, wherever it is nested."""

from typing import get_args

import pytest
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from services.feedback.ratings.domain import RateDemand
from services.routing.cases.commands import RoutingCommand
from shared.contracts.text import Text, unreadable

SAID = TypeAdapter(Text)
SPOKEN = [
    (command, field)
    for command in (*get_args(RoutingCommand), RateDemand)
    for field, info in command.model_fields.items()
    if field not in ("unit", "assisting", "suggested_unit", "into")  # looked up
    and "str" in str(info.annotation)
]


@pytest.mark.parametrize("text", ["a\u0000b", "\u0007", "\u007f", "\u0085", "a\ud800"])
def test_a_text_with_a_control_character_is_refused_with_its_code(text: str):
    with pytest.raises(ValidationError, match=r"U\+[0-9A-F]{4}"):
        SAID.validate_python(text)


def test_a_text_keeps_its_lines_and_comes_in_one_normal_form():
    assert SAID.validate_python(" e\u0301\n第二行\t ") == "\u00e9\n第二行"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("请尽快\u202e付退\u202c修路", "请尽快付退修路"),
        ("\u2066a\u2067b\u2068c\u2069", "abc"),
        ("\u202d13800138000\u202c", "13800138000"),  # as an address book of Windows gives it
        ("路\u200b灯\ufeff不\u00ad亮\u2060", "路灯不亮"),
        ("\u200e王\u200f芳\u061c", "王芳"),
        (" \u200b 修路 \u200b", "修路"),
        ("e\u200b\u0301", "\u00e9"),
        ("👩\u200d👩\u200d👧 می\u200cخواهم", "👩\u200d👩\u200d👧 می\u200cخواهم"),
    ],
)
def test_a_text_loses_what_turns_its_order_or_is_not_seen(text: str, kept: str):
    assert SAID.validate_python(text) == kept


def test_a_text_with_nothing_to_see_is_empty():
    assert SAID.validate_python("\u202e\u200b\u2060 \n") == ""


@pytest.mark.parametrize("value", [{"a\u0000": 1}, {"a": [{"b": "\u0000"}]}, ["ok", "\u0000"]])
def test_a_control_character_is_found_in_any_nesting(value: JsonValue):
    assert unreadable(value) == "U+0000"


@pytest.mark.parametrize("value", [None, 1, True, "中文\n", {"a": [1, None, "b"]}])
def test_a_plain_value_is_readable(value: JsonValue):
    assert unreadable(value) is None


@pytest.mark.parametrize(("command", "field"), SPOKEN, ids=lambda one: getattr(one, "__name__", one))
def test_every_text_of_staff_and_citizens_is_plain_text(command: type[BaseModel], field: str):
    for value in ("a\u0000b", ["a\u0000b"]):
        with pytest.raises(ValidationError) as refused:
            command.model_validate({field: value})
        assert field in {error["loc"][0] for error in refused.value.errors()}
    assert len(SPOKEN) >= 10
