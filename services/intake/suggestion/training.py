"""Trains the model with scikit-learn (the extra `learn`); the services do not need it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from services.intake.suggestion.evaluation import Guess, sure_from
from services.intake.suggestion.model import Model, grams, softmax, wording

FOLDS: Final = 5
AIM: Final = 0.9
"""The share of sure suggestions that should be right."""
FEWEST: Final = 30
"""At least so many sure suggestions must have been seen for a threshold."""
_FEATURES: Final = 20_000
_TEMPERATURES: Final = tuple(0.05 * step for step in range(2, 61))


class CannotTrain(ValueError):
    """No model can be trained; the message says why in both languages."""


@dataclass(frozen=True, slots=True)
class Example:
    """A demand whose category no unit disputed."""

    title: str
    text: str
    category: str


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of a demand by a model that was trained without it, and the index of the true category."""

    scores: Sequence[float]
    truth: int


def train(examples: Sequence[Example], jurisdiction: str, at: datetime) -> tuple[Model, list[Guess]]:
    """Train a model on all examples, calibrated on guesses about examples that it had not seen; returns these guesses
    too."""
    usable = _usable(examples)
    categories = tuple(sorted({example.category for example in usable}))
    held_out = list(_held_out(usable, categories))
    temperature = min(_TEMPERATURES, key=lambda warm: _surprise(held_out, warm))
    guesses = [_guess(scored, temperature) for scored in held_out]
    threshold = sure_from(guesses, AIM, FEWEST)
    vectors, fitted = _fitted(usable)
    model = Model(
        jurisdiction=jurisdiction,
        trained_at=at,
        demands=len(usable),
        categories=categories,
        grams={gram: int(row) for gram, row in vectors.vocabulary_.items()},
        idf=tuple(round(float(number), 5) for number in vectors.idf_),
        weights=tuple(tuple(round(float(number), 4) for number in row) for row in _square(fitted.coef_).T),
        intercepts=tuple(round(float(number), 5) for number in _square(fitted.intercept_)),
        temperature=temperature,
        threshold=threshold,
    )
    return model, [replace(guess, sure=guess.probability >= threshold) for guess in guesses]


def _usable(examples: Sequence[Example]) -> list[Example]:
    """The examples of categories that have at least as many demands as folds; the model never suggests the others."""
    counts = Counter(example.category for example in examples)
    usable = [example for example in examples if counts[example.category] >= FOLDS]
    if len({example.category for example in usable}) < 2:
        raise CannotTrain(
            f"样本不足：至少需要两个类别，各 {FOLDS} 件已派单诉求"
            f" / too little to learn from: two categories with {FOLDS} routed demands each are the least"
        )
    return usable


def _held_out(usable: Sequence[Example], categories: tuple[str, ...]) -> Iterable[Scored]:
    sklearn = _sklearn()
    labels = [example.category for example in usable]
    folds = sklearn.model_selection.StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for learned, held_out in folds.split(labels, labels):
        vectors, fitted = _fitted([usable[n] for n in learned])
        scores = _square_rows(fitted.decision_function(vectors.transform(_words(usable[n] for n in held_out))))
        for n, row in zip(held_out, scores, strict=True):
            yield Scored([float(score) for score in row], categories.index(labels[n]))


def _fitted(examples: Sequence[Example]) -> tuple[Any, Any]:
    sklearn = _sklearn()
    vectors = sklearn.feature_extraction.text.TfidfVectorizer(
        analyzer=grams, sublinear_tf=True, min_df=2, max_features=_FEATURES
    )
    values = vectors.fit_transform(_words(examples))
    fitted = sklearn.linear_model.LogisticRegression(C=10.0, max_iter=300)
    return vectors, fitted.fit(values, [example.category for example in examples])


def _words(examples: Iterable[Example]) -> list[str]:
    return [wording(example.title, example.text) for example in examples]


def _square(values: Any) -> Any:
    """With two categories scikit-learn gives one row, for the second one; as two rows they fit the same formula."""
    import numpy

    return numpy.concatenate([-values / 2, values / 2]) if len(values) == 1 else values


def _square_rows(scores: Any) -> Any:
    import numpy

    return numpy.stack([-scores / 2, scores / 2], axis=1) if scores.ndim == 1 else scores


def _surprise(held_out: Sequence[Scored], temperature: float) -> float:
    """The negative log-likelihood of the true categories at this temperature."""
    import numpy

    scores = numpy.array([scored.scores for scored in held_out]) / temperature
    truths = scores[range(len(held_out)), [scored.truth for scored in held_out]]
    top = scores.max(axis=1)
    return float((top + numpy.log(numpy.exp(scores - top[:, None]).sum(axis=1)) - truths).mean())


def _guess(scored: Scored, temperature: float) -> Guess:
    chances = softmax([score / temperature for score in scored.scores])
    best = max(range(len(chances)), key=chances.__getitem__)
    return Guess(chances[best], best == scored.truth, sure=False)


def _sklearn() -> Any:
    try:
        import sklearn.feature_extraction.text
        import sklearn.linear_model
        import sklearn.model_selection
    except ImportError:
        raise CannotTrain(
            "训练需要 scikit-learn：.venv/bin/pip install scikit-learn；没有它，系统仍按关键词推荐"
            " / training needs scikit-learn: .venv/bin/pip install scikit-learn; without it keywords suggest as before"
        ) from None
    return sklearn
