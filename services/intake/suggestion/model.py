"""A small linear model on character n-grams, stored as numbers in a JSON file, so that loading it runs no code."""

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.intake.suggestion.ranking import NOTHING, Ranking, Source, Suggestion

OPENING: Final = 600
"""Only so many characters of the text count, because a long story repeats itself."""
_SHOWN: Final = 5


class UnusableModel(ValueError):
    """The file is no valid model; the message says why in both languages."""


def grams(text: str) -> list[str]:
    """The n-grams of a text: single characters, pairs and triples of every run, with repetitions."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    runs = "".join(character if character.isalnum() else " " for character in plain).split()
    return [run[at : at + size] for run in runs for size in (1, 2, 3) for at in range(len(run) - size + 1)]


def wording(title: str, text: str) -> str:
    """The text that the model reads, the same in training and in use."""
    return f"{title}\n{text[:OPENING]}"


class Model(BaseModel):
    """Multinomial logistic regression over TF-IDF with a temperature; `weights` has a row for each n-gram."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["huying-suggestion-1"] = "huying-suggestion-1"
    jurisdiction: str
    trained_at: datetime
    demands: Annotated[int, Field(gt=0, description="how many it was trained on")]
    categories: Annotated[tuple[str, ...], Field(min_length=2)]
    grams: dict[str, Annotated[int, Field(ge=0)]]
    idf: tuple[float, ...]
    weights: tuple[tuple[float, ...], ...]
    intercepts: tuple[float, ...]
    temperature: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    threshold: Annotated[float, Field(gt=0, description="below this probability it is not sure; above 1: never")]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wide, long = len(self.categories), len(self.idf)
        if len(self.intercepts) != wide or any(len(row) != wide for row in self.weights):
            raise ValueError("every gram needs a weight for each category")
        if len(self.weights) != long or sorted(self.grams.values()) != list(range(long)):
            raise ValueError("every gram needs its own row of weights")
        return self

    def rank(self, title: str, text: str) -> Ranking:
        """The likeliest categories; empty if no n-gram is known."""
        features = self._features(title, text)
        if not features:
            return NOTHING
        chances = self._probabilities(features)
        best = sorted(zip(chances, self.categories, strict=True), reverse=True)[:_SHOWN]
        suggestions = tuple(Suggestion(category, chance, Source.MODEL) for chance, category in best)
        return Ranking(suggestions, sure=best[0][0] >= self.threshold)

    def _features(self, title: str, text: str) -> list[tuple[int, float]]:
        """The rows and values of the features: logarithmic counts times idf, normalised to length one."""
        counts = Counter(row for gram in grams(wording(title, text)) if (row := self.grams.get(gram)) is not None)
        raw = [(row, (1 + math.log(count)) * self.idf[row]) for row, count in counts.items()]
        length = math.sqrt(sum(value * value for _, value in raw)) or 1.0
        return [(row, value / length) for row, value in raw]

    def _probabilities(self, features: Sequence[tuple[int, float]]) -> list[float]:
        scores = list(self.intercepts)
        for row, value in features:
            for at, weight in enumerate(self.weights[row]):
                scores[at] += value * weight
        return softmax([score / self.temperature for score in scores])


def softmax(scores: Sequence[float]) -> list[float]:
    """Scores as probabilities."""
    top = max(scores)
    powers = [math.exp(score - top) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def read_model(file: Path) -> Model:
    """Load a model that `huying suggest train` wrote; raises `UnusableModel`."""
    try:
        return Model.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as fault:
        first = str(fault).splitlines()[0]
        raise UnusableModel(f"{file}: 模型文件无法使用 / the model cannot be used: {first}") from None
