"""Shortens a text that is too long, without leaving part of a personal number at its end."""

from collections.abc import Callable
from typing import Final

from shared.contracts.text import shortened
from shared.contracts.wording import Passage, Writer
from shared.masker.masker import Masker
from shared.masking import mask

_SHRINKS: Final = 4
"""Masking makes a text at most this many times shorter; with a margin."""
_LONGEST_HIDDEN: Final = 80
"""One personal number that masking hides has at most this many characters; with a margin."""


def fitting(text: str, most: int, mask: Callable[[str], str] = mask) -> str:
    """The text in at most `most` characters. A longer text is masked before it is cut, because masking does not
    recognise a number of which the end is missing."""
    if len(text) <= most:
        return text
    # A letter can have megabytes, so only its beginning is masked. The beginning may end within a number: its last
    # characters are dropped.
    beginning = mask(_beginning(text, most))
    return shortened(beginning if len(text) <= most * _SHRINKS else f"{beginning[:-_LONGEST_HIDDEN]}…", most)


async def fitted(text: str, most: int, masker: Masker) -> str:
    """The same as `fitting`, but the text is masked outside the event loop, so that a long one does not block it."""
    if len(text) <= most:
        return text
    masks = await masker.masks_for((Passage(Writer.CITIZEN, _beginning(text, most)),))
    return fitting(text, most, masks[Writer.CITIZEN])


def _beginning(text: str, most: int) -> str:
    return text[: most * _SHRINKS]
