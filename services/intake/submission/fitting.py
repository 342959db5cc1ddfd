"""Cuts a text that is too long, so that nothing of a number which masking would hide is left at its end."""

from typing import Final

from shared.contracts.text import shortened
from shared.masker.masker import Masker

_SHRINKS: Final = 4
"""How many times shorter masking makes a text at most, with a margin."""
_LONGEST_HIDDEN: Final = 80
"""How many characters masking hides at once at most, with a margin."""


async def fitting(text: str, most: int, masker: Masker) -> str:
    """The text in at most `most` characters. A longer one is masked before it is cut: no rule would recognise what is
    left of a cut number."""
    if len(text) <= most:
        return text
    # Letters have megabytes: only the beginning is masked. It may itself end with half a number, which is dropped.
    beginning = await masker.masked_text(text[: most * _SHRINKS])
    return shortened(beginning if len(text) <= most * _SHRINKS else f"{beginning[:-_LONGEST_HIDDEN]}…", most)
