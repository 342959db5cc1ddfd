"""Computes from the facts of a demand who held it at each moment, for what, and for how long; pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import TRANSITIONS
from shared.contracts.demand.state import LISTED, Status
from shared.contracts.examples import with_examples
from shared.contracts.wording import Identifier, Plain

Unit = Annotated[str | None, Identifier("a unit of the jurisdiction")]
Dated = tuple[f.StatusFact, datetime]
WorkingSeconds = Callable[[datetime, datetime], int]
"""Counts the seconds of working hours between two moments, by the calendar of the jurisdiction."""


class Holder(StrEnum):
    """Who holds a demand: the intake, whoever dispatches by hand, a unit, its parent, or the citizen who is to say."""

    INTAKE = "intake"
    TRIAGE = "triage"
    UNIT = "unit"
    PARENT = "parent"
    CITIZEN = "citizen"


class Hop(StrEnum):
    """What it waits for there: 收件, 研判, 签收, 联系, 办理, 暂停, 并单, 评价."""

    INTAKE = "intake"
    TRIAGE = "triage"
    SIGN = "sign"
    CONTACT = "contact"
    HANDLING = "handling"
    PAUSED = "paused"
    MERGED = "merged"
    VERDICT = "verdict"


_SPAN: Final[dict[str, JsonValue]] = {
    "holder": "unit",
    "unit": "nh-education",
    "hop": "sign",
    "start": "2021-05-10T02:00:00Z",
    "end": "2021-05-10T06:30:00Z",
    "seconds": 16200,
    "working_seconds": 9000,
}

_HELD: Final[dict[str, JsonValue]] = {
    "holder": "unit",
    "unit": "nh-education",
    "seconds": 16200,
    "working_seconds": 9000,
    "paused_seconds": 0,
}


class Span(BaseModel):
    """Somebody held the demand from `start` to `end`; spans follow one another without a gap."""

    model_config = ConfigDict(frozen=True, json_schema_extra=with_examples(_SPAN))

    holder: Holder
    unit: Unit = None
    hop: Hop
    reason: Annotated[str | None, Plain("a reason of the jurisdiction for a pause")] = None
    start: datetime
    end: datetime = Field(description="of the last span of an open demand: now")
    seconds: int = Field(description="by the clock")
    working_seconds: int = Field(description="in the working hours of the place")


class Held(BaseModel):
    """How long one holder had the demand in all, pauses apart."""

    model_config = ConfigDict(frozen=True, json_schema_extra=with_examples(_HELD))

    holder: Holder
    unit: Unit = None
    seconds: int
    working_seconds: int
    paused_seconds: int = 0


class Clock(BaseModel):
    """Who held a demand when, and the sum for each holder in the order in which they came to it."""

    model_config = ConfigDict(json_schema_extra=with_examples({"running": _SPAN, "spans": [_SPAN], "held": [_HELD]}))

    running: Span | None = Field(description="whose clock runs; null: the demand has ended")
    spans: list[Span]
    held: list[Held]


class _State(NamedTuple):
    """What the clock needs to know of a demand after some of its facts; `paused` is the reason of the present pause."""

    status: Status = Status.SUBMITTED
    unit: str | None = None
    contacted: bool = False
    paused: str | None = None


class _Holding(NamedTuple):
    """Who holds the demand, for which hop and, if it is paused, for which reason."""

    holder: Holder
    hop: Hop
    unit: str | None
    reason: str | None = None


def clock_of(submitted_at: datetime, facts: Iterable[Dated], now: datetime, working_seconds: WorkingSeconds) -> Clock:
    """The clock of a demand. `facts` are its status facts after the submission, in sequence.

    Facts of recorded history may be out of order in time: a fact that is earlier than the one before it counts from the
    time of that one.
    """
    spans: list[Span] = []
    state, since, moment = _State(), submitted_at, submitted_at
    for fact, at in facts:
        after, moment = _evolve(state, fact), max(at, moment)
        if _holding(after) != _holding(state):
            _add(spans, _holding(state), since, moment, working_seconds)
            since = moment
        state = after
    last = _holding(state)
    _add(spans, last, since, max(now, since), working_seconds, keep=True)
    return Clock(running=spans[-1] if last else None, spans=spans, held=_held(spans))


def _add(
    spans: list[Span],
    holding: _Holding | None,
    start: datetime,
    end: datetime,
    working_seconds: WorkingSeconds,
    *,
    keep: bool = False,
) -> None:
    """Append a span. A span without length is left out, unless `keep` says that it is the present one. A span with the
    same holding as the one before it (a span without length stood between them) is joined to it."""
    if holding is None or (start == end and not keep):
        return
    if spans and holding == _Holding(spans[-1].holder, spans[-1].hop, spans[-1].unit, spans[-1].reason):
        start = spans.pop().start
    seconds = int((end - start).total_seconds())
    spans.append(
        Span(**holding._asdict(), start=start, end=end, seconds=seconds, working_seconds=working_seconds(start, end))
    )


def _evolve(state: _State, fact: f.StatusFact) -> _State:
    status = TRANSITIONS[type(fact)].becomes or state.status
    match fact:
        case f.DemandRouted(unit=unit):
            return _State(status, unit)
        case f.DemandPaused(reason=reason):
            return state._replace(status=status, paused=reason)
        case f.DemandListed():
            return state._replace(status=status, paused=LISTED)
        case f.DemandResumed():
            return state._replace(status=status, paused=None)
        case f.DemandContacted(reached=reached):
            return _after_work(state, status)._replace(contacted=state.contacted or reached)
        case f.DemandProgressed():
            return _after_work(state, status)
        case f.DemandAccepted() | f.DemandReopened() | f.DemandReturned() | f.DemandTriaged() | f.DemandMerged():
            return state._replace(status=status, paused=None)
    return state._replace(status=status)


def _after_work(state: _State, status: Status) -> _State:
    """The state after work on a demand: if the demand was listed, the pause of the listing ends."""
    return state._replace(status=status, paused=None if state.status is Status.LISTED else state.paused)


def _holding(state: _State) -> _Holding | None:
    """Who holds a demand in this state, and for which hop; None if the demand is closed."""
    match state.status:
        case Status.NONE | Status.SUBMITTED:
            return _Holding(Holder.INTAKE, Hop.INTAKE, None)
        case Status.TRIAGE | Status.RETURNED | Status.REOPENED:
            return _Holding(Holder.TRIAGE, Hop.TRIAGE, None)
        case Status.MERGED:
            return _Holding(Holder.PARENT, Hop.MERGED, None)
        case Status.RESOLVED | Status.DECLINED | Status.CONFIRMED | Status.WITHDRAWN:
            return _Holding(Holder.CITIZEN, Hop.VERDICT, None)
        case Status.CLOSED:
            return None
    if state.paused:
        return _Holding(Holder.UNIT, Hop.PAUSED, state.unit, state.paused)
    if state.status is Status.ROUTED:
        return _Holding(Holder.UNIT, Hop.SIGN, state.unit)
    has_to_call = state.status is Status.ACCEPTED and not state.contacted
    return _Holding(Holder.UNIT, Hop.CONTACT if has_to_call else Hop.HANDLING, state.unit)


def _held(spans: Sequence[Span]) -> list[Held]:
    sums: dict[tuple[Holder, str | None], list[int]] = {}
    for span in spans:
        seconds_of = sums.setdefault((span.holder, span.unit), [0, 0, 0])  # by the clock, working, paused
        if span.hop is Hop.PAUSED:
            seconds_of[2] += span.seconds
        else:
            seconds_of[0] += span.seconds
            seconds_of[1] += span.working_seconds
    return [
        Held(holder=holder, unit=unit, seconds=seconds, working_seconds=working, paused_seconds=paused)
        for (holder, unit), (seconds, working, paused) in sums.items()
    ]
