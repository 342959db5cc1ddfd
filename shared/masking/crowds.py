"""Texts with more numbers than anybody writes: all that has a digit or a letter is hidden in them at once.

To look at each number of a text of eight thousand characters that is made of numbers takes the processor twenty times
as long as to look at a text that somebody wrote, and every demand waits meanwhile. So beyond `MANY` numbers nothing is
looked at one by one. That hides more than the rules do: whatever they would find in such a text but names in Chinese
has a digit, a numeral or a Latin letter. What stands between two of them is hidden too where it is short: a list of
numbers has names there. Other names are looked for as in all texts.
"""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from shared.masking.shadow import Span, whole
from shared.masking.spoken import NUMERALS
from shared.masking.telephones import TELEPHONE

MANY: Final = 500
"""So many numbers in one text are one in each eight characters of the longest that a fact may have."""
_NUMBER: Final = re.compile(f"[0-9{NUMERALS}]++")
_SIGN: Final = f"0-9A-Za-z{NUMERALS}"
# The name before a mail address may be a Chinese one.
_AT: Final = r"[\u4e00-\u9fff]{1,4}(?= ?(?:[@﹫]|艾特|[（(\[【] ?(?:[Aa][Tt]|艾特|@)))"
_CROWD: Final = re.compile(rf"(?:{_AT})?[{_SIGN}@﹫](?:[^{_SIGN}]{{0,6}}+[{_SIGN}]++)*")


def is_crowded(shadow: str) -> bool:
    """Whether there are more numbers than `MANY`."""
    # Between two numbers stands a sign at least.
    return len(shadow) > 2 * MANY and any(islice(_NUMBER.finditer(shadow), MANY, None))


def crowds(shadow: str) -> Iterable[Span]:
    """Digits, numerals and Latin letters, with what is between them; as telephones, beside which names are hidden."""
    return whole(shadow, _CROWD, TELEPHONE)
