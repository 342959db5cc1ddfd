"""How plausible a text is: what its characters cost in bits, so that readings of the same bytes can be compared.

A rough model of what citizens write: each class of characters has about the cost that a code would give it, the common
characters of GB 2312 (its first level) a little over the twelve bits that tell 3,755 of them apart. A text that was
read by the wrong charset consists of rare characters, and costs much more than the same bytes read by the right one.
"""

import unicodedata
from collections import Counter
from functools import lru_cache
from typing import Final

ODD: Final = 20
"""Bits for a character beyond ASCII: a text above this on average is no text that anybody wrote."""
_NEVER, _RARE, _SYMBOL, _LATIN = 40, 24, 16, 13
_COMMON_CHINESE, _TRADITIONAL, _LESS_COMMON = 13, 14, 17
_ALPHABET, _KANA, _SYLLABARY = 16, 15, 19
_SCRIPTS: Final = {
    **dict.fromkeys(("CYRILLIC", "GREEK", "ARABIC", "TIBETAN", "MONGOLIAN", "THAI", "HEBREW"), _ALPHABET),
    **dict.fromkeys(("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"), _KANA),
    **dict.fromkeys(("HANGUL", "YI"), _SYLLABARY),
    "LATIN": _LATIN,
}
# The replacement character, and what two of them become if they are decoded as GBK.
_LOST: Final = ("\ufffd", "锟斤拷")
_ENOUGH: Final = 4096
_PUNCTUATION: Final = frozenset("，。！？、：；“”‘’（）【】《》—…·～￥　")


def cost(text: str) -> int:
    """The bits of a whole text."""
    return sum(bits(char) * count for char, count in Counter(text).items())


def is_implausible(text: str) -> bool:
    """Whether the characters beyond ASCII are such as no text has, or some were lost."""
    beyond = [char for char in text[:_ENOUGH] if not char.isascii()]
    return any(lost in text for lost in _LOST) or (bool(beyond) and cost("".join(beyond)) > ODD * len(beyond))


@lru_cache(maxsize=65_536)
def bits(char: str) -> int:
    """What one character costs."""
    if char.isascii():
        return _ascii(char)
    if char in _PUNCTUATION or char.isspace():
        return 10
    category = unicodedata.category(char)
    if category in ("Cc", "Cs", "Co", "Cn") or char == "\ufffd":
        return _NEVER
    script = unicodedata.name(char, "").partition(" ")[0]
    if script == "CJK":
        return _chinese(char)
    return _SCRIPTS.get(script, _RARE) if category[0] in "LM" else _SYMBOL


def _ascii(char: str) -> int:
    if char.islower() or char.isdigit() or char in " \n":
        return 6
    if char.isupper() or char in ",.:/-?!\r\t":
        return 7
    return 9 if char.isprintable() else _NEVER


def _chinese(char: str) -> int:
    """By where GB 2312 and Big5 have the character: their first levels are the common ones."""
    simplified = char.encode("gb2312", "ignore")
    if simplified:
        return _COMMON_CHINESE if simplified[0] < 0xD8 else _LESS_COMMON
    traditional = char.encode("big5", "ignore")
    return _TRADITIONAL if traditional and traditional[0] < 0xC7 else _RARE
