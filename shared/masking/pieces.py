"""Splits a text into bigrams for comparison: Chinese has no spaces, and most words have two characters."""

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

_HIDDEN: Final = re.compile(r"［[^］]*］")
_RUNS: Final = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
_ENOUGH: Final = 6
"""The fewest bigrams of a title that is used alone; a shorter title ("求助") gets the beginning of the text too."""
_OPENING: Final = 80
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class PieceRuns:
    """The pieces of each run without punctuation, in order; a word in Latin letters or digits is one piece."""

    runs: tuple[tuple[str, ...], ...]

    @property
    def bigrams(self) -> frozenset[str]:
        """The set of all pieces."""
        return frozenset(piece for run in self.runs for piece in run)

    @property
    def places(self) -> dict[str, int]:
        """The index of the first occurrence of each piece."""
        return {piece: at for at, piece in reversed(list(enumerate(chain.from_iterable(self.runs))))}

    def shared(self, others: Container[str]) -> Iterator[str]:
        """The longest phrases of which all bigrams are also in `others`, in the order of the text."""
        for run in self.runs:
            phrase = ""
            for piece in (*run, ""):
                if piece and piece in others:
                    phrase += piece[-1] if phrase else piece
                elif phrase:
                    yield phrase
                    phrase = ""


def worded(title: str, text: str) -> PieceRuns:
    """The pieces of the title; if it is too short, with the beginning of the text."""
    of_title = wording(title)
    return of_title if len(of_title.bigrams) >= _ENOUGH else wording(f"{title}\n{text[:_OPENING]}")


def wording(text: str) -> PieceRuns:
    """The pieces of a text: in lower case, without masked parts, and never across punctuation or a space."""
    plain = unicodedata.normalize("NFKC", _HIDDEN.sub(" ", text)).lower()
    runs = tuple(_pieces(run) for run in _RUNS.findall(plain))
    return PieceRuns(runs[:_LONGEST])


def _pieces(run: str) -> tuple[str, ...]:
    if len(run) == 1 or not "\u3400" <= run[0] <= "\u9fff":
        return (run,)
    return tuple(run[at : at + 2] for at in range(len(run) - 1))
