"""Masks texts for another process: the job of a sandbox."""

from collections.abc import Sequence
from typing import Final

from shared.masking import MASKS

KEPT: Final = "surrogatepass"
"""A text may hold half a character (a lone surrogate), which masking leaves alone; so does the way to it and back."""


def mask_all(frames: Sequence[bytes]) -> list[bytes]:
    """Takes a writer (a key of `MASKS`) and a text in turn; returns the masked texts in their order. All in UTF-8."""
    writers, texts = frames[::2], frames[1::2]
    return [
        MASKS[writer.decode()](text.decode(errors=KEPT)).encode(errors=KEPT)
        for writer, text in zip(writers, texts, strict=True)
    ]
