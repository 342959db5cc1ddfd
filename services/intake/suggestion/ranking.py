"""A category with how likely it is, where that comes from, and whether it may be taken without asking."""

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Who suggests: the keywords of the jurisdiction pack, or the model that was trained on routed demands."""

    KEYWORDS = "keywords"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One category; `because` are the keywords that were found."""

    category: str
    probability: float
    source: Source
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """Likeliest first; where it is not sure, a person decides."""

    suggestions: tuple[Suggestion, ...]
    sure: bool

    def likelier_than(self, probability: float) -> str:
        """The likeliest category where it is likelier than this; else nothing."""
        first = self.suggestions[0] if self.suggestions else None
        return first.category if first and first.probability > probability else ""


NOTHING = Ranking((), sure=False)
