"""The type of text that people write: normalised, without control characters and without invisible ones."""

import re
import unicodedata
from typing import Annotated, Final

from annotated_types import MaxLen
from pydantic import AfterValidator, BaseModel, JsonValue
from pydantic_core import PydanticCustomError

CONTROL_EN: Final = "contains the control character {code}; send plain text"
CONTROL_ZH: Final = "含有控制字符 {code}，请只发送文字"
_UNREADABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_DISORDERING: Final = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""The characters that change the direction of the text behind them."""
_UNPRINTABLE: Final = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_DISORDERING}]")
_INVISIBLE: Final = re.compile(rf"[\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb{_DISORDERING}]")
"""What is taken out of a text: it shows the words in another order, or makes two equal-looking texts differ. People do
not type it but copy it along, with a telephone number from an address book for example, so it is no reason to refuse.
Joiners stay: some scripts and emoji need them."""
_BLANK: Final = re.compile(r"[\s\u00ad\u115f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u3164\ufeff]*")


def unreadable(value: JsonValue) -> str | None:
    """The first forbidden character in a text or JSON value, such as `U+0000`; None if there is none."""
    match value:
        case str():
            match = _UNREADABLE.search(value)
            return f"U+{ord(match[0]):04X}" if match else None
        case dict():
            return unreadable([*value, *value.values()])
        case list():
            return next(filter(None, map(unreadable, value)), None)
        case _:
            return None


def is_blank(text: str) -> bool:
    """Whether a text has no visible characters."""
    return _BLANK.fullmatch(text) is not None


def _readable(text: str) -> str:
    if code := unreadable(text):
        raise PydanticCustomError(
            "unreadable_character",
            CONTROL_EN,
            {"code": code, "zh": CONTROL_ZH.format(code=code)},
        )
    return "" if is_blank(text) else unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).strip()


Text = Annotated[str, AfterValidator(_readable)]


def printable(text: str) -> str:
    """The text for a terminal or a log: characters that a terminal obeys, other than tabs and ends of lines, are
    written as in JSON, such as `\\u001b`. Text of others may contain them."""
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def shortened(text: str, limit: int) -> str:
    """The text, cut with an ellipsis if it is longer than `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def longest(kind: type[BaseModel], field: str) -> int | None:
    """The most characters of a text field of a model; None if it has no limit. A masked text may be longer than the
    original, so callers cut it."""
    rules = kind.model_fields[field].metadata
    return next((rule.max_length for rule in rules if isinstance(rule, MaxLen)), None)
