"""Reads out of a short message whether its sender wants no messages any more, or wants them again."""

import unicodedata
from enum import StrEnum
from typing import Final

_STOP: Final = frozenset({"td", "t", "退订", "退订短信", "拒收", "取消订阅", "stop", "unsubscribe"})
_START: Final = frozenset({"恢复", "恢复订阅", "恢复短信", "订阅", "start", "resume", "subscribe"})
_AROUND: Final = " \t\r\n.。!！,，;；:：\"'“”‘’【】[]（）()"


class Wish(StrEnum):
    """What somebody wants of messages."""

    STOP = "stop"
    START = "start"


def spoken_wish(text: str) -> Wish | None:
    """The wish, where the message is nothing but the word for it: who says more tells something of a demand."""
    word = unicodedata.normalize("NFKC", text).strip(_AROUND).casefold()
    if word in _STOP:
        return Wish.STOP
    return Wish.START if word in _START else None
