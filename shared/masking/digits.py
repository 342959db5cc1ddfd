"""Personal numbers of all kinds, in digits of any script, in Chinese numerals, or in signs that look like digits."""

import re
import unicodedata
from collections.abc import Callable
from typing import Final

from shared.masking.identities import cards, identities, old_identities, too_long
from shared.masking.mobiles import bracketed, mobiles, one_by_one, separated
from shared.masking.shadow import PLAIN, Draft, Look
from shared.masking.shapes import SEVERAL, SIGN
from shared.masking.telephones import abroad, american, grouped_landlines, landlines, local

# Elsewhere these are words, marks of a list or a footnote: they are read as digits in a second look, and only where
# several stand together. 洞拐勾 are said on the radio; o and l are written to get past a filter.
_SPOKEN: Final = {
    **str.maketrans("零〇洞一二三四五六七八九幺拐勾", "000123456789179"),
    **str.maketrans("壹贰叁肆伍陆柒捌玖弌弍弎貳參叄陸", "1234567891232336"),
    **str.maketrans("oOlI", "0011"),
    **{code: ord(str(unicodedata.digit(chr(code)))) for code in range(0x80, 0x10000) if chr(code).isdigit()},
}
_READ: Final = [_SPOKEN.get(code, sign) for code, sign in enumerate(PLAIN)]
_DIGIT: Final = f"[0-9{''.join(map(chr, _SPOKEN))}]"
_SEVERAL_SPOKEN: Final = re.compile(rf"{_DIGIT}(?:{SIGN}{{0,3}}+{_DIGIT}){{6}}")
PERSONAL: Final[tuple[Look, ...]] = (
    too_long, identities, cards, old_identities, abroad, bracketed, separated, mobiles, one_by_one,
)  # fmt: skip
"""What may be a citizen's alone."""
ALL: Final[tuple[Look, ...]] = (*PERSONAL, landlines, grouped_landlines, american, local)


def hide_numbers(draft: Draft, looks: tuple[Look, ...]) -> bool:
    """Hide what the looks find; most texts have no number of such a length, and one look tells."""
    changed = SEVERAL.search(draft.shadow) is not None and _hide(draft, looks, str)
    return (_SEVERAL_SPOKEN.search(draft.shadow) is not None and _hide(draft, looks, _aloud)) or changed


def _hide(draft: Draft, looks: tuple[Look, ...], read: Callable[[str], str]) -> bool:
    changed, shadow = False, read(draft.shadow)
    for look in looks:
        if draft.hide(look(shadow)):
            changed, shadow = True, read(draft.shadow)
    return changed


def _aloud(shadow: str) -> str:
    return shadow.translate(_READ)
