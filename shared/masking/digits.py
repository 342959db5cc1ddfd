"""Personal numbers of all kinds, in digits of any script, in Chinese numerals, or in signs that look like digits."""

import re
from typing import Final

from shared.masking.excerpts import Excerpt, Table
from shared.masking.identities import cards, identities, old_identities, too_long
from shared.masking.mobiles import bracketed, mobiles, one_by_one, separated
from shared.masking.shadow import Draft, Look, Rule, whole
from shared.masking.shapes import SIGN
from shared.masking.spoken import DIGIT, READ
from shared.masking.telephones import abroad, american, grouped_landlines, landlines, local

_FEWEST: Final = 7
_LONG: Final = 1000
_RUN_OF: Final = "{digit}(?:" + SIGN + "{{0,5}}+{digit}){{6,}}+"
"""Every number has seven digits. At most five signs stand between neighbours: blanks, and a bracket that closes."""
_SEVERAL_OF: Final = "{digit}(?:" + SIGN + "{{0,3}}+{digit}){{6}}"
"""Nobody looks for numbers in a text without seven digits that are at most three signs apart."""
_RUNS: Final = re.compile(_RUN_OF.format(digit="[0-9]"))
_SEVERAL: Final = re.compile(_SEVERAL_OF.format(digit="[0-9]"))
_SPOKEN_RUNS: Final = re.compile(_RUN_OF.format(digit=DIGIT))
PERSONAL: Final = (
    Rule(too_long, digits=41),
    Rule(identities, digits=17),
    Rule(cards, digits=15),
    Rule(old_identities, digits=15),
    Rule(abroad, digits=7),
    Rule(bracketed, digits=11),
    Rule(separated, digits=11),
    Rule(mobiles, digits=11),
    Rule(one_by_one, digits=7),
)
"""What may be a citizen's alone."""
ALL: Final = (
    *PERSONAL,
    Rule(landlines, digits=9),
    Rule(grouped_landlines, digits=10),
    Rule(american, digits=10),
    Rule(local, digits=7),
)


def hide_numbers(draft: Draft, rules: tuple[Rule, ...], *, once_more: bool) -> None:
    """Hide what the rules find, first among digits, then among all that may be read as one.

    `once_more` says that they have looked at the whole text before. Where each number that is hidden shows one more, a
    long text would be read again and again: then everything is hidden that is as long as a number.
    """
    seen: dict[Look, str] = {}
    draft.quiet += 1
    if draft.digits >= _FEWEST:
        _hide(draft, rules, seen, _RUNS)
    _hide(draft, rules, seen, _SPOKEN_RUNS, READ)
    if once_more and draft.quiet == 0 and len(draft.shadow) > _LONG:
        draft.hide([*whole(draft.shadow, _SPOKEN_RUNS, "［号码］")])


def _hide(
    draft: Draft, rules: tuple[Rule, ...], seen: dict[Look, str], runs: re.Pattern[str], table: Table | None = None
) -> None:
    """Hide what the rules find in an excerpt; `seen` is what each of them read before without finding anything."""
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
