"""Recognises in a short message that its sender opts out of messages, or in again."""

import unicodedata
from enum import StrEnum
from typing import Final

_STOP: Final = frozenset({"td", "t", "退订", "退订短信", "拒收", "取消订阅", "stop", "unsubscribe"})
_START: Final = frozenset({"恢复", "恢复订阅", "恢复短信", "订阅", "start", "resume", "subscribe"})
_AROUND: Final = " \t\r\n.。!！,，;；:：\"'“”‘’【】[]（）()"


class Wish(StrEnum):
    """What a sender wants: no messages, or messages again."""

    STOP = "stop"
    START = "start"


def spoken_wish(text: str) -> Wish | None:
    """The wish of a message that is only the word for it; a longer message says something about a demand."""
    word = unicodedata.normalize("NFKC", text).strip(_AROUND).casefold()
    if word in _STOP:
        return Wish.STOP
    return Wish.START if word in _START else None
