"""The text that is slowest to mask, for tests that masking does not block the event loop."""

from typing import Final

from shared.masker.masker import LONG
from shared.masking import mask, mask_answer

SENTENCE: Final = "我叫李明，"


def worst(length: int) -> str:
    """A text of this length that names a person again and again."""
    return (SENTENCE * length)[:length]


SAID: Final = worst(8000)
HIDDEN: Final = mask(SAID)
ANSWER: Final = worst(4000)
HIDDEN_ANSWER: Final = mask_answer(ANSWER)


def is_spared(masked_here: list[str]) -> bool:
    """Whether this process has masked only short texts, according to `masked_here`."""
    return all(len(text) <= LONG for text in masked_here)
