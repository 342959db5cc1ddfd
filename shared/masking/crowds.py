"""Masks texts with an unusual amount of numbers in one step: everything with a digit or a Latin letter.

Checking each number in a text of 8,000 characters that consists of numbers takes twenty times as long as a usual text.
So a text with more than `MANY` numbers is not checked number by number. This masks more than the rules do: all their
matches in such a text, except Chinese names, have a digit, a numeral or a Latin letter. Short parts between two of them
are masked too, because a list of numbers may have names there. Other names are searched as in all texts.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from shared.masking.shadow import Span, whole
from shared.masking.spoken import NUMERALS
from shared.masking.telephones import TELEPHONE

MANY: Final = 500
"""The most numbers in a usual text; with more, the longest text has a number in every eight characters."""
_NUMBER: Final = re.compile(f"[0-9{NUMERALS}]++")
_SIGN: Final = f"0-9A-Za-z{NUMERALS}"
# The part of a mail address before the @ may be Chinese.
_AT: Final = r"[\u4e00-\u9fff]{1,4}(?= ?(?:[@﹫]|艾特|[（(\[【] ?(?:[Aa][Tt]|艾特|@)))"
_CROWD: Final = re.compile(rf"(?:{_AT})?[{_SIGN}@﹫](?:[^{_SIGN}]{{0,6}}+[{_SIGN}]++)*")


def is_crowded(shadow: str) -> bool:
    """Whether a text has more than `MANY` numbers."""
    # At least one other character is between two numbers, so a shorter text need not be searched.
    return len(shadow) > 2 * MANY and any(islice(_NUMBER.finditer(shadow), MANY, None))


def crowds(shadow: str) -> Iterable[Span]:
    """Digits, numerals and Latin letters, with short parts between them. Their label is that of telephone numbers, so
    that names beside them are masked too."""
    return whole(shadow, _CROWD, TELEPHONE)
