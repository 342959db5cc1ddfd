"""What a text says, as pairs of neighbouring characters: Chinese has no spaces, and most words have two characters."""

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

_HIDDEN: Final = re.compile(r"［[^］]*］")
_RUNS: Final = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+")
_ENOUGH: Final = 6
"""Pairs that a title must have to speak for itself; a shorter one ("求助") is helped by the opening of the text."""
_OPENING: Final = 80
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Wording:
    """The pairs of each unbroken run, in order; a word in Latin letters or digits counts as one piece."""

    runs: tuple[tuple[str, ...], ...]

    @property
    def bigrams(self) -> frozenset[str]:
        """Every piece, once."""
        return frozenset(piece for run in self.runs for piece in run)

    @property
    def places(self) -> dict[str, int]:
        """Where each piece stands first, counted in pieces."""
        return {piece: at for at, piece in reversed(list(enumerate(chain.from_iterable(self.runs))))}

    def shared(self, others: Container[str]) -> Iterator[str]:
        """The longest phrases whose every pair is also among `others`, in the order of the text."""
        for run in self.runs:
            phrase = ""
            for piece in (*run, ""):
                if piece and piece in others:
                    phrase += piece[-1] if phrase else piece
                elif phrase:
                    yield phrase
                    phrase = ""


def worded(title: str, text: str) -> Wording:
    """The title; where it says too little, with the opening of the text."""
    said = wording(title)
    return said if len(said.bigrams) >= _ENOUGH else wording(f"{title}\n{text[:_OPENING]}")


def wording(text: str) -> Wording:
    """Letters are folded, whatever was masked is left out, a pair never reaches across a mark or a space."""
    plain = unicodedata.normalize("NFKC", _HIDDEN.sub(" ", text)).lower()
    runs = tuple(_pieces(run) for run in _RUNS.findall(plain))
    return Wording(runs[:_LONGEST])


def _pieces(run: str) -> tuple[str, ...]:
    if len(run) == 1 or not "\u3400" <= run[0] <= "\u9fff":
        return (run,)
    return tuple(run[at : at + 2] for at in range(len(run) - 1))
