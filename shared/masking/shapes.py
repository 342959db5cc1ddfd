"""How numbers are written: what may stand between their digits, and what stands before and after them."""

import re
from typing import Final

# A blank or a stroke, of which there are many.
WEAK: Final = r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\-－﹣–—‐‑−―‒]"
BREAK: Final = r"[\n\r\x0b\x0c\u2028\u2029]"
# Whatever is no letter and no digit of any script: elsewhere it stands in dates, fractions, times and lists.
SIGN: Final = r"[\W_]"
GAP: Final = re.compile(r"[^0-9Xx×✕]+")
# Behind these a number is one of a document, also where it happens to look like a personal one.
_DOCUMENT: Final = re.compile(
    r"(?:编号|单号|订单|流水|案号|文号|批号|条码|序列|工单|执照|许可证|信用代码|发票|[Nn][Oo]\.?)号?码?[是为:：（(\s]{0,3}$"
)
_AMOUNT: Final = re.compile(" ?元(?![旦宵月某]|先生|女士|小姐|老师|师傅)")
# What counts or measures: “138、1500、2000户”.
_COUNTED: Final = re.compile(
    r"\s?(?:[元块万亿年月日米号户栋幢项人个次路平吨份条台辆亩件%％℃]|公里|千米)"
    r"(?!先生|女士|小姐)"
)


def is_document(shadow: str, start: int) -> bool:
    """Whether words before it say that the number is one of a document."""
    return bool(_DOCUMENT.search(shadow, max(0, start - 10), start))


def is_amount(shadow: str, end: int) -> bool:
    """Whether it ends as an amount of money. None is in 万 or 亿 here, which are family names too, as 元 is."""
    return bool(_AMOUNT.match(shadow, end))


def is_counted(shadow: str, end: int) -> bool:
    """Whether a word that counts or measures stands behind it."""
    return bool(_COUNTED.match(shadow, end))
