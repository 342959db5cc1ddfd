"""Masks personal data in free text before it is published; the original text stays in the vault.

Masked: identity, telephone and card numbers in any spelling, number plates, permits, mail addresses, account names,
homes, names that are introduced as such or are beside a title or a telephone number, and the secret codes of demands.
Kept: service numbers (12345, 400…), amounts, dates, document numbers, and the places that a demand is about. A text is
first normalised to a shadow of the same length (`shadow`). The rules search the shadow, and their matches are masked in
the text. The reason of each rule is written where the rule is defined.
"""

from typing import Final

from shared.masking.accounts import accounts, bare_accounts, mails, named_before, qq
from shared.masking.beside import bracketed_names, called_at, phoned, titled
from shared.masking.codes import codes, links, numbered, queries
from shared.masking.crowds import crowds, is_crowded
from shared.masking.digits import ALL, PERSONAL, hide_numbers
from shared.masking.homes import (
    citizens_lived_in,
    citizens_rooms,
    dashed,
    door_plates,
    english_rooms,
    lanes,
    lived_in,
    rooms,
)
from shared.masking.names import INTRODUCED, listed, related
from shared.masking.plates import (
    english_permits,
    military_permits,
    named_plates,
    permits,
    plates,
    special_plates,
)
from shared.masking.shadow import MaskRule, ShadowedText

_PASSES: Final = 6
"""The most passes over a text: the label of one rule may let another rule match. No text in the tests needs more."""
_CODES: Final = (
    MaskRule(codes, both=8),
    MaskRule(links, letters=4),
    MaskRule(queries, letters=4),
    MaskRule(numbered, digits=8, letters=2),
)
_ACCOUNTS: Final = (
    MaskRule(plates, letters=1),
    MaskRule(special_plates, digits=4),
    MaskRule(named_plates, digits=1, letters=1),
    MaskRule(permits, digits=6),
    MaskRule(military_permits, digits=5),
    MaskRule(english_permits, digits=6, letters=2),
    MaskRule(mails, letters=1),
    MaskRule(accounts, both=1),
    MaskRule(named_before, letters=1),
    MaskRule(bare_accounts, letters=1),
    MaskRule(qq, digits=5),
)
_DOORS: Final = (
    MaskRule(rooms),
    MaskRule(lanes),
    MaskRule(lived_in),
    MaskRule(door_plates),
    MaskRule(dashed, digits=5),
    MaskRule(english_rooms, digits=1, letters=2),
)
_CITIZENS_DOORS: Final = (MaskRule(citizens_rooms), MaskRule(citizens_lived_in), MaskRule(door_plates))
_NAMES: Final = (
    MaskRule(phoned),
    MaskRule(called_at),
    MaskRule(titled),
    MaskRule(bracketed_names),
    MaskRule(related),
    *INTRODUCED,
    MaskRule(listed),
)


def mask(text: str) -> str:
    """Mask a text that a citizen wrote; masking the result again changes nothing."""
    return _masked(text, (*_CODES, *_ACCOUNTS), ALL, (*_DOORS, *_NAMES))


def mask_answer(text: str) -> str:
    """Mask a text that an office wrote: its own telephone number and address stay, a citizen's numbers, home and name
    are masked."""
    return _masked(text, (*_CODES, *_ACCOUNTS), PERSONAL, (*_CITIZENS_DOORS, *_NAMES))


MASKS: Final = {"citizen": mask, "office": mask_answer}
"""The masking functions by writer, as the fields of facts and commands declare it."""


def _masked(text: str, first: tuple[MaskRule, ...], numbers: tuple[MaskRule, ...], last: tuple[MaskRule, ...]) -> str:
    draft = ShadowedText(text)
    if is_crowded(draft.shadow):
        draft.hide([*crowds(draft.shadow)])
    # The rules for numbers count as one rule here.
    enough = len(first) + 1 + len(last)
    for turn in range(_PASSES):
        draft.apply(first, enough)
        if draft.quiet < enough:
            hide_numbers(draft, numbers, once_more=turn > 0)
        if draft.quiet < enough:
            draft.apply(last, enough)
        if draft.quiet >= enough:
            break
    return draft.text()
