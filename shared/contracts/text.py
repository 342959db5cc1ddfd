"""Text that comes in: composed, without blanks around it, and without characters that no database keeps."""

import re
import unicodedata
from typing import Final

from annotated_types import MaxLen
from pydantic import BaseModel, BeforeValidator
from pydantic_core import PydanticCustomError

_UNREADABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
CONTROL_EN: Final = "contains the control character U+{code}; send plain text"
CONTROL_ZH: Final = "含有控制字符 U+{code}，请只发送文字"


def unreadable(text: str) -> str | None:
    """The first control character, as `0000`."""
    found = _UNREADABLE.search(text)
    return f"{ord(found[0]):04X}" if found else None


def _readable(text: object) -> object:
    if not isinstance(text, str):
        return text
    if code := unreadable(text):
        raise PydanticCustomError(
            "unreadable_character", CONTROL_EN, {"code": code, "zh": CONTROL_ZH.format(code=code)}
        )
    return unicodedata.normalize("NFC", text).strip()


READABLE: Final = BeforeValidator(_readable)
"""Stands behind a text's limits, so that these count what is kept, and are told in characters."""


def shortened(text: str, limit: int) -> str:
    """The text, cut with an ellipsis where it is longer than the limit."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def longest(kind: type[BaseModel], field: str) -> int | None:
    """How many characters a text of this model may have: a mask may be longer than what it hides."""
    rules = kind.model_fields[field].metadata
    return next((rule.max_length for rule in rules if isinstance(rule, MaxLen)), None)
