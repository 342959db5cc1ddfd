"""Hides in free text what points to a person, before anything is published; the original stays in the vault.

Hidden: identity, telephone and card numbers however they are written, plates, permits, mail addresses, WeChat and
QQ names, homes, names that are introduced as such, and the secret codes of demands. Kept: service numbers (12345,
400…), amounts, dates, and places that are the matter itself. Each rule stands with its reason where it is made:
`digits`, `accounts`, `homes`, `names`, `codes`.
"""

from typing import Final

from shared.masking.accounts import hide_accounts
from shared.masking.codes import hide_codes
from shared.masking.digits import hide_all_numbers, hide_numbers
from shared.masking.homes import hide_homes
from shared.masking.names import hide_names

_PASSES: Final = 4
"""What one rule hides may show something to another: the tests find no text that needs a third pass."""


def mask(text: str) -> str:
    """What a citizen wrote, without whom it is about; masking again changes nothing."""
    for _ in range(_PASSES):
        hidden = hide_names(hide_homes(hide_accounts(hide_all_numbers(hide_codes(text)))))
        if hidden == text:
            break
        text = hidden
    return text


def mask_answer(text: str) -> str:
    """What an office wrote: its own telephone and address are meant to be read, a citizen's numbers are not."""
    return hide_accounts(hide_numbers(hide_codes(text)))
