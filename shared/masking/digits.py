"""Masks personal numbers of all kinds: in digits of any script, in Chinese numerals, or in similar characters."""

import re
from typing import Final

from shared.masking.excerpts import Excerpt, Table
from shared.masking.identities import cards, identities, old_identities, too_long
from shared.masking.mobiles import bracketed, mobiles, one_by_one, separated
from shared.masking.shadow import Look, MaskRule, ShadowedText, whole
from shared.masking.shapes import SIGN
from shared.masking.spoken import DIGIT, READ
from shared.masking.telephones import abroad, american, grouped_landlines, landlines, local

_FEWEST: Final = 7
_LONG: Final = 1000
_RUN_OF: Final = "{digit}(?:" + SIGN + "{{0,5}}+{digit}){{6,}}+"
"""A run of at least seven digits, with at most five other characters between two of them (blanks, brackets)."""
_SEVERAL_OF: Final = "{digit}(?:" + SIGN + "{{0,3}}+{digit}){{6}}"
"""A text without seven digits that are at most three characters apart is not searched for numbers."""
_RUNS: Final = re.compile(_RUN_OF.format(digit="[0-9]"))
_SEVERAL: Final = re.compile(_SEVERAL_OF.format(digit="[0-9]"))
_SPOKEN_RUNS: Final = re.compile(_RUN_OF.format(digit=DIGIT))
PERSONAL: Final = (
    MaskRule(too_long, digits=41),
    MaskRule(identities, digits=17),
    MaskRule(cards, digits=15),
    MaskRule(old_identities, digits=15),
    MaskRule(abroad, digits=7),
    MaskRule(bracketed, digits=11),
    MaskRule(separated, digits=11),
    MaskRule(mobiles, digits=11),
    MaskRule(one_by_one, digits=7),
)
"""Rules for numbers that only citizens have."""
ALL: Final = (
    *PERSONAL,
    MaskRule(landlines, digits=9),
    MaskRule(grouped_landlines, digits=10),
    MaskRule(american, digits=10),
    MaskRule(local, digits=7),
)


def hide_numbers(draft: ShadowedText, rules: tuple[MaskRule, ...], *, once_more: bool) -> None:
    """Mask the matches of the rules: first among digits, then also among numerals and similar characters.

    `once_more`: the rules have searched the whole text before. If each masked number lets another one match, a long
    text would be searched very often; then everything that is as long as a number is masked.
    """
    seen: dict[Look, str] = {}
    draft.quiet += 1
    if draft.digits >= _FEWEST:
        _hide(draft, rules, seen, _RUNS)
    _hide(draft, rules, seen, _SPOKEN_RUNS, READ)
    if once_more and draft.quiet == 0 and len(draft.shadow) > _LONG:
        draft.hide([*whole(draft.shadow, _SPOKEN_RUNS, "［号码］")])


def _hide(
    draft: ShadowedText,
    rules: tuple[MaskRule, ...],
    seen: dict[Look, str],
    runs: re.Pattern[str],
    table: Table | None = None,
) -> None:
    """Mask the matches of the rules in an excerpt; `seen` holds for each rule the last text without a match."""
    if not runs.search(draft.shadow):
        return
    excerpt = Excerpt(draft.shadow, runs, table)
    if not _SEVERAL.search(excerpt.text):
        return
    for look, digits, *_ in rules:
        if digits > excerpt.digits or seen.get(look) == excerpt.text:
            continue
        if spans := [*look(excerpt.text)]:
            draft.hide([*excerpt.back(spans)])
            excerpt = Excerpt(draft.shadow, runs, table)
        else:
            seen[look] = excerpt.text
