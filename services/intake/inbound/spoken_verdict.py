"""Recognises a verdict in a short message: `5`, `满意`, `不满意 水还在漏`, `未解决`."""

import re
import unicodedata
from typing import Final

from services.intake.notes.domain import Rate

LEVELS: Final = {
    "非常不满意": 1, "很不满意": 1, "不满意": 2, "不满": 2, "基本满意": 3, "满意": 4, "比较满意": 4, "非常满意": 5,
    "很满意": 5,
    "very dissatisfied": 1, "dissatisfied": 2, "not satisfied": 2, "fairly satisfied": 3, "satisfied": 4,
    "very satisfied": 5,
}  # fmt: skip
"""The five levels of GB/T 39734-2020 as people write them."""
_END: Final = r"(?=$|[\s,，.。;；:：!！、~～])"
_DIGIT: Final = re.compile(rf"([1-5])\s?(?:分|星|stars?)?{_END}", re.IGNORECASE)
_LEVEL: Final = re.compile(rf"({'|'.join(sorted(LEVELS, key=len, reverse=True))})了?{_END}", re.IGNORECASE)
_UNSOLVED: Final = re.compile(rf"(?:问题)?(?:未解决|没解决|没有解决|还没解决|not solved|unsolved){_END}", re.IGNORECASE)
_STILL_THERE: Final = re.compile(
    r"未解决|没(?:有)?解决|没(?:有)?弄好|没(?:有)?修好|没人(?:来|管)|not solved|unsolved", re.IGNORECASE
)
_DONE: Final = re.compile(r"(?<![没未])(?:已经?解决|解决了|修好了|弄好了)|(?<!not )(?<!un)solved", re.IGNORECASE)
_BETWEEN: Final = " \t\n,，.。;；:：!！、~～"
_GOOD: Final = 3
_LONGEST: Final = 2000


def spoken_verdict(text: str) -> Rate | None:
    """The verdict at the beginning of a message; None if there is none. A rating of 3 or more means that the matter is
    solved, a lower one that it is not, unless the text says otherwise."""
    plain = unicodedata.normalize("NFKC", text).strip()
    level = _DIGIT.match(plain) or _LEVEL.match(plain)
    begins = level or _UNSOLVED.match(plain)
    if begins is None:
        return None
    words = plain[begins.end() :].strip(_BETWEEN)[:_LONGEST]
    rating = _rating(level[1]) if level else None
    return Rate(rating=rating, solved=rating is not None and _is_solved(rating, words), comment=words)


def _rating(level: str) -> int:
    return LEVELS.get(level.lower()) or int(level)


def _is_solved(rating: int, words: str) -> bool:
    if rating >= _GOOD:
        return not _STILL_THERE.search(words)
    return bool(_DONE.search(words)) and not _STILL_THERE.search(words)
