"""Evaluates suggestions: how often they are right, and whether their probabilities are right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

BINS: Final = 10


@dataclass(frozen=True, slots=True)
class Guess:
    """The first suggestion for a demand whose category is known; none has probability 0 and is wrong."""

    probability: float
    right: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class Bin:
    """Guesses of about the same probability: the mean probability, and the share that was right."""

    low: float
    high: float
    count: int
    said: float
    true: float


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What `huying suggest evaluate` prints."""

    count: int
    guessed: float
    accuracy: float
    ece: float
    sure: float
    sure_accuracy: float
    bins: tuple[Bin, ...]


def report(guesses: Sequence[Guess]) -> EvaluationReport:
    """The report of guesses. `ece` is the expected calibration error: the mean distance between probability and
    accuracy.

    A guess without suggestion has no probability, so it is left out of the calibration; `accuracy` counts it as wrong.
    """
    suggested = [guess for guess in guesses if guess.probability > 0]
    bins = tuple(_bins(suggested))
    sure = [guess for guess in guesses if guess.sure]
    return EvaluationReport(
        count=len(guesses),
        guessed=len(suggested) / max(len(guesses), 1),
        accuracy=_mean(guess.right for guess in guesses),
        ece=sum(bin_.count * abs(bin_.said - bin_.true) for bin_ in bins) / max(len(suggested), 1),
        sure=len(sure) / max(len(guesses), 1),
        sure_accuracy=_mean(guess.right for guess in sure),
        bins=bins,
    )


def sure_from(guesses: Sequence[Guess], aim: float, fewest: int) -> float:
    """The lowest probability from which on guesses are right as often as `aim`; above 1 if there is none."""
    ranked = sorted(guesses, key=lambda guess: -guess.probability)
    best, right = 1.01, 0
    for count, (guess, after) in enumerate(zip_longest(ranked, ranked[1:]), 1):
        right += guess.right
        # A threshold includes all guesses of equal probability, so it is evaluated after the last of them.
        is_last = after is None or after.probability < guess.probability
        if is_last and count >= fewest and right / count >= aim:
            best = guess.probability
    return best


def _bins(guesses: Sequence[Guess]) -> Iterable[Bin]:
    for n in range(BINS):
        low, high = n / BINS, (n + 1) / BINS
        inside = [g for g in guesses if low <= g.probability < high or (high == 1 and g.probability == 1)]
        if inside:
            claimed = _mean(guess.probability for guess in inside)
            yield Bin(low, high, len(inside), claimed, _mean(guess.right for guess in inside))


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
