"""Signs that are read as digits in a second look, and only where several stand together.

Elsewhere these are words, marks of a list or a footnote. 洞拐勾 are said on the radio; o and l are written to get past
a filter.
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
"""What is a number in words and signs, for a set of a pattern."""
_READ_AS: Final = _SPOKEN | _WRITTEN
DIGIT: Final = f"[0-9{''.join(map(chr, _READ_AS))}]"
"""What is read as a digit in the second look."""
READ: Final = [_READ_AS.get(code, sign) for code, sign in enumerate(PLAIN)]
"""The digits that they are read as, by their number; all other signs are themselves."""
