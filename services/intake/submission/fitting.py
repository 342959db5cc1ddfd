"""Cuts a text that is too long, so that nothing of a number which masking would hide is left at its end."""

from collections.abc import Callable
from typing import Final

from shared.contracts.text import shortened
from shared.contracts.wording import Passage, Writer
from shared.masker.masker import Masker
from shared.masking import mask

_SHRINKS: Final = 4
"""How many times shorter masking makes a text at most, with a margin."""
_LONGEST_HIDDEN: Final = 80
"""How many characters masking hides at once at most, with a margin."""


def fitting(text: str, most: int, mask: Callable[[str], str] = mask) -> str:
    """The text in at most `most` characters. A longer one is masked before it is cut: no rule would recognise what is
    left of a cut number."""
    if len(text) <= most:
        return text
    # Letters have megabytes: only the beginning is masked. It may itself end with half a number, which is dropped.
    beginning = mask(_beginning(text, most))
    return shortened(beginning if len(text) <= most * _SHRINKS else f"{beginning[:-_LONGEST_HIDDEN]}…", most)


async def fitted(text: str, most: int, masker: Masker) -> str:
    """The same for a text of any length, which the event loop does not mask."""
    if len(text) <= most:
        return text
    masks = await masker.masks_for((Passage(Writer.CITIZEN, _beginning(text, most)),))
    return fitting(text, most, masks[Writer.CITIZEN])


def _beginning(text: str, most: int) -> str:
    return text[: most * _SHRINKS]
