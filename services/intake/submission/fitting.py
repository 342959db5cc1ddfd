"""Cuts a text that is too long, so that nothing of a number which masking would hide is left at its end."""

from shared.contracts.text import shortened
from shared.masking import mask

_SHRINKS, _LONGEST_HIDDEN = 4, 80
"""How many times shorter masking makes a text, and how many characters it hides at once: with a margin."""


def fitting(text: str, most: int) -> str:
    """The text; where it is too long, masked before it is cut: what is left of a cut number no rule would know."""
    if len(text) <= most:
        return text
    # Masking takes its time, and letters have megabytes; what it was cut from may end with half a number itself.
    beginning = mask(text[: most * _SHRINKS])
    return shortened(beginning if len(text) <= most * _SHRINKS else f"{beginning[:-_LONGEST_HIDDEN]}…", most)
