"""Scores how similar two demands are by text, place and time, with reasons in words; pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.intake.similar.rarity import Rarity
from shared.contracts.demand.facts import Location
from shared.masking.pieces import PieceRuns

THRESHOLD: Final = 0.3
"""The score from which a demand is shown. Measured with `python -m tests.bench.similar` on two files of real messages:
from here on seven of ten are truly the same."""
_PLACE: Final = 0.2
_TIME: Final = 0.1
_NEAR: Final = 300.0
_HALF_LIFE_DAYS: Final = 120.0
_EARTH: Final = 6_371_000.0
_PHRASES: Final = 3


class Aspect(StrEnum):
    """What a reason is about."""

    WORDING = "wording"
    PLACE = "place"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of a score, from 0 to 1, in both languages."""

    aspect: Aspect
    value: float
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class NewDemand:
    """The demand that is being written; `within` holds its division and all divisions above it."""

    wording: PieceRuns
    within: Sequence[str]
    location: Location | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open demand that may be the same matter."""

    id: UUID
    bigrams: Sequence[str]
    within: Sequence[str]
    location: Location | None
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate with its score and the reasons of the score."""

    candidate: Candidate
    score: float
    distance_m: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Scored:
    candidate: Candidate
    score: float
    text: float
    distance: float | None


def ranked(
    query: NewDemand, candidates: Sequence[Candidate], rarity: Rarity, threshold: float, most: int
) -> list[ScoredCandidate]:
    """The candidates that reach the threshold, the most similar first; of equals the younger one first."""
    weights = {bigram: rarity.weight(bigram) for bigram in query.wording.bigrams}
    total = sum(weights.values())
    matches = []
    for candidate in candidates:
        text = _alike(weights, total, candidate.bigrams, rarity)
        # Place and time can only lower a score, so for most candidates they need not be computed.
        if text >= threshold and (scored := _scored(query, candidate, text)).score >= threshold:
            matches.append(scored)
    matches.sort(key=lambda match: (-match.score, -match.candidate.raised_at.timestamp()))
    return [_explained(query, scored) for scored in matches[:most]]


def _alike(weights: Mapping[str, float], total: float, bigrams: Iterable[str], rarity: Rarity) -> float:
    """The similarity of two texts: Dice's coefficient, in which a rare pair counts more than a common one."""
    both = other = 0.0
    for bigram in bigrams:
        weight = weights.get(bigram)
        if weight is None:
            other += rarity.weight(bigram)
        else:
            both += weight
    return 2 * both / (total + both + other) if both else 0.0


def _scored(query: NewDemand, candidate: Candidate, text: float) -> _Scored:
    distance = _distance(query.location, candidate.location)
    place, _, _ = _place(query, candidate, distance)
    score = text * (1 - _PLACE - _TIME + _PLACE * place + _TIME * _recent(_days(query, candidate)))
    return _Scored(candidate, score, text, distance)


def _explained(query: NewDemand, scored: _Scored) -> ScoredCandidate:
    days = _days(query, scored.candidate)
    phrases = dict.fromkeys(query.wording.shared(frozenset(scored.candidate.bigrams)))
    quoted = [f"“{phrase}”" for phrase in sorted(phrases, key=len, reverse=True)[:_PHRASES]]
    reasons = (
        Reason(Aspect.WORDING, scored.text, f"都提到{''.join(quoted)}", f"both mention {', '.join(quoted)}"),
        Reason(Aspect.PLACE, *_place(query, scored.candidate, scored.distance)),
        Reason(Aspect.TIME, _recent(days), f"{days:.0f}天前提出", f"raised {days:.0f} days ago"),
    )
    return ScoredCandidate(scored.candidate, scored.score, scored.distance, reasons)


def _place(query: NewDemand, candidate: Candidate, distance: float | None) -> tuple[float, str, str]:
    query_division, candidate_division = query.within[0], candidate.within[0]
    if distance is not None:
        nearness = min(1.0, _NEAR / max(distance, 1.0))
        return nearness, f"相距约{distance:.0f}米", f"about {distance:.0f} m away"
    if query_division == candidate_division:
        return 1.0, "同一区划", "the same division"
    if candidate_division in query.within or query_division in candidate.within:
        return 0.8, "一地在另一地范围内", "one place lies within the other"
    return 0.4, "相邻区划", "neighbouring divisions"


def _days(query: NewDemand, candidate: Candidate) -> float:
    return abs((query.at - candidate.raised_at).total_seconds()) / 86_400


def _recent(days: float) -> float:
    return float(0.5 ** (days / _HALF_LIFE_DAYS))


def _distance(one: Location | None, other: Location | None) -> float | None:
    """The distance in metres on the great circle (haversine)."""
    if one is None or other is None:
        return None
    south, north = math.radians(one.lat), math.radians(other.lat)
    half = math.sin((north - south) / 2) ** 2
    half += math.cos(south) * math.cos(north) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(half))
