"""Hides personal numbers in free text before it is published.

Rules: mobile numbers of the Chinese numbering plan, land-lines with area code, resident identity numbers with
the check digit of GB 11643-1999 (ISO 7064 Mod 11-2), vehicle plates of GA 36-2018, bank cards with Luhn's digit.
"""

import re
from typing import Final

from stdnum import luhn
from stdnum.iso7064 import mod_11_2

_IDENTITY: Final = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}\d{7}[0-9Xx](?![0-9A-Za-z])")
_CARD: Final = re.compile(r"(?<!\d)\d(?:[ -]?\d){14,18}(?!\d)")
_MOBILE: Final = re.compile(r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)")
_LANDLINE: Final = re.compile(r"(?<!\d)(?:\(0\d{2,3}\)|（0\d{2,3}）|0\d{2,3})[- ]?[2-9]\d{6,7}(?!\d)")
_PLATE: Final = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]·?[A-HJ-NP-Z0-9]{4,5}[A-HJ-NP-Z0-9挂学警港澳]"
)


def mask(text: str) -> str:
    """The text with every personal number replaced by what it was."""
    text = _IDENTITY.sub(lambda m: "［身份证号］" if mod_11_2.is_valid(m[0].upper()) else m[0], text)
    text = _CARD.sub(lambda m: "［银行卡号］" if luhn.is_valid(re.sub(r"\D", "", m[0])) else m[0], text)
    text = _MOBILE.sub("［手机号］", text)
    text = _LANDLINE.sub("［电话］", text)
    return _PLATE.sub("［车牌］", text)
