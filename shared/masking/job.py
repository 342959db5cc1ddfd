"""The job of a sandbox: masks texts for the parent process."""

from collections.abc import Sequence
from typing import Final

from shared.masking import MASKS

KEPT: Final = "surrogatepass"
"""The error handler for encoding: a text may hold a lone surrogate, which must be kept."""


def mask_all(frames: Sequence[bytes]) -> list[bytes]:
    """Mask texts in UTF-8. `frames` holds a writer (a key of `MASKS`) and a text in turn; returns the masked texts."""
    writers, texts = frames[::2], frames[1::2]
    return [
        MASKS[writer.decode()](text.decode(errors=KEPT)).encode(errors=KEPT)
        for writer, text in zip(writers, texts, strict=True)
    ]
