"""Hides in free text what points to a person, before anything is published; the original stays in the vault.

Hidden: identity, telephone and card numbers however they are written, plates, permits, mail addresses, names of
accounts, homes, names that are introduced as such or stand beside a title or a telephone, and the secret codes of
demands. Kept: service numbers (12345, 400…), amounts, dates, numbers of documents, and places that are the matter
itself. A text is first read as a shadow in one script (`shadow`), then the rules look at the shadow, and what they find
is hidden in the text. Each rule stands with its reason where it is made.
"""

from typing import Final

from shared.masking.accounts import accounts, bare_accounts, mails, named_before, qq
from shared.masking.beside import bracketed_names, called_at, phoned, titled
from shared.masking.codes import codes, links, numbered, queries
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
from shared.masking.shadow import Draft, Look

_PASSES: Final = 6
"""What one rule hides may show something to another: the tests find no text that needs more."""
_CODES: Final[tuple[Look, ...]] = (codes, links, queries, numbered)
_ACCOUNTS: Final[tuple[Look, ...]] = (
    plates, special_plates, named_plates, permits, military_permits, english_permits,
    mails, accounts, named_before, bare_accounts, qq,
)  # fmt: skip
_HOMES: Final[tuple[Look, ...]] = (rooms, lanes, lived_in, door_plates, dashed, english_rooms)
_OFFICE_HOMES: Final[tuple[Look, ...]] = (citizens_rooms, citizens_lived_in, door_plates)
_NAMES: Final[tuple[Look, ...]] = (phoned, called_at, titled, bracketed_names, related, *INTRODUCED, listed)


def mask(text: str) -> str:
    """What a citizen wrote, without whom it is about; masking again changes nothing."""
    return _masked(text, (*_CODES, *_ACCOUNTS), ALL, (*_HOMES, *_NAMES))


def mask_answer(text: str) -> str:
    """What an office wrote: its own telephone and address are meant to be read, a citizen's numbers, door and name
    are not."""
    return _masked(text, (*_CODES, *_ACCOUNTS), PERSONAL, (*_OFFICE_HOMES, *_NAMES))


MASKS: Final = {"citizen": mask, "office": mask_answer}
"""By who wrote it, as the fields of facts and commands declare."""


def _masked(text: str, first: tuple[Look, ...], numbers: tuple[Look, ...], last: tuple[Look, ...]) -> str:
    draft = Draft(text)
    for _ in range(_PASSES):
        changed = [draft.hide(look(draft.shadow)) for look in first]
        changed.append(hide_numbers(draft, numbers))
        changed += [draft.hide(look(draft.shadow)) for look in last]
        if not any(changed):
            break
    return draft.text()
