"""Defines a suggestion: a category, its probability, its source, and whether it is sure enough to be used without
asking."""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """The source of a suggestion: the keywords of the jurisdiction pack, or the model that was trained on routed
    demands."""

    KEYWORDS = "keywords"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggested category; `because` are the keywords that were found."""

    category: str
    probability: float
    source: Source
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Suggestions, the likeliest first; if they are not sure, a person decides."""

    suggestions: tuple[Suggestion, ...]
    sure: bool

    def likelier_than(self, probability: float) -> str:
        """The likeliest category, if its probability is higher than this; None otherwise."""
        first = self.suggestions[0] if self.suggestions else None
        return first.category if first and first.probability > probability else ""


NOTHING = Ranking((), sure=False)
