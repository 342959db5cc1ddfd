"""Patterns for separators inside numbers, and for words before and after a number that say what it is."""

import re
from typing import Final

# A blank or a dash of any kind.
WEAK: Final = r"[ \t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\-－﹣–—‐‑−―‒]"
BREAK: Final = r"[\n\r\x0b\x0c\u2028\u2029]"
# Any character that is not a letter or digit; outside personal numbers they occur in dates, fractions, times and lists.
SIGN: Final = r"[\W_]"
GAP: Final = re.compile(r"[^0-9Xx×✕]+")
# After these words a number is a document number, even if it looks like a personal number.
_DOCUMENT: Final = re.compile(
    r"(?:编号|单号|订单|流水|案号|文号|批号|条码|序列|工单|执照|许可证|信用代码|发票|[Nn][Oo]\.?)号?码?[是为:：（(\s]{0,3}$"
)
_AMOUNT: Final = re.compile(" ?元(?![旦宵月某]|先生|女士|小姐|老师|师傅)")
# Units and classifiers after a quantity: “138、1500、2000户”.
_COUNTED: Final = re.compile(
    r"\s?(?:[元块万亿年月日米号户栋幢项人个次路平吨份条台辆亩件%％℃]|公里|千米)"
    r"(?!先生|女士|小姐)"
)


def is_document(shadow: str, start: int) -> bool:
    """Whether the words before a number say that it is a document number."""
    return bool(_DOCUMENT.search(shadow, max(0, start - 10), start))


def is_amount(shadow: str, end: int) -> bool:
    """Whether a number is an amount of money. 万 and 亿 do not count, because they are family names too, like 元."""
    return bool(_AMOUNT.match(shadow, end))


def is_counted(shadow: str, end: int) -> bool:
    """Whether a unit or classifier follows a number."""
    return bool(_COUNTED.match(shadow, end))
