"""Characters that a second search treats as digits, if several are together.

Alone they are words, list marks or footnotes. 洞拐勾 are radio words for digits; o and l are used to evade filters.
"""

import unicodedata
from typing import Final

from shared.masking.shadow import PLAIN

_SPOKEN: Final = {
    **str.maketrans("零〇洞一二三四五六七八九幺拐勾", "000123456789179"),
    **str.maketrans("壹贰叁肆伍陆柒捌玖弌弍弎貳參叄陸", "1234567891232336"),
    **{code: ord(str(unicodedata.digit(chr(code)))) for code in range(0x80, 0x10000) if chr(code).isdigit()},
}
_WRITTEN: Final = str.maketrans("oOlI", "0011")
NUMERALS: Final = "".join(map(chr, _SPOKEN)) + "十百"
"""Numerals, for use in a character class of a pattern."""
_READ_AS: Final = _SPOKEN | _WRITTEN
DIGIT: Final = f"[0-9{''.join(map(chr, _READ_AS))}]"
"""A character class of all characters that the second search treats as digits."""
READ: Final = [_READ_AS.get(code, sign) for code, sign in enumerate(PLAIN)]
"""The translation table of the second search: these characters become digits, all others stay."""
