"""Whose clock ran: who held a demand at each moment of its life, and for how long, from its facts alone; pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import TRANSITIONS
from shared.contracts.demand.state import LISTED, Status
from shared.contracts.examples import shown
from shared.contracts.wording import Identifier, Plain

Unit = Annotated[str | None, Identifier("a unit of the jurisdiction")]
Dated = tuple[f.StatusFact, datetime]
WorkingSeconds = Callable[[datetime, datetime], int]
"""Seconds of working hours between two moments, at the place."""


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

    model_config = ConfigDict(frozen=True, json_schema_extra=shown(_SPAN))

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

    model_config = ConfigDict(frozen=True, json_schema_extra=shown(_HELD))

    holder: Holder
    unit: Unit = None
    seconds: int
    working_seconds: int
    paused_seconds: int = 0


class Clock(BaseModel):
    """Who held a demand when, and the sum for each holder in the order in which they came to it."""

    model_config = ConfigDict(json_schema_extra=shown({"running": _SPAN, "spans": [_SPAN], "held": [_HELD]}))

    running: Span | None = Field(description="whose clock runs; null: the demand has ended")
    spans: list[Span]
    held: list[Held]


class _Place(NamedTuple):
    """Where a demand is, by its facts so far."""

    status: Status = Status.SUBMITTED
    unit: str | None = None
    contacted: bool = False
    paused: str | None = None


class _Stretch(NamedTuple):
    holder: Holder
    hop: Hop
    unit: str | None
    reason: str | None = None


def clock_of(submitted_at: datetime, facts: Iterable[Dated], now: datetime, working_seconds: WorkingSeconds) -> Clock:
    """Of the status facts of a demand after its submission, in sequence. A fact whose time is before that of the one
    before it, as recorded history may have, counts from that one on."""
    spans: list[Span] = []
    place, since, moment = _Place(), submitted_at, submitted_at
    for fact, at in facts:
        after, moment = _moved(place, fact), max(at, moment)
        if _stretch(after) != _stretch(place):
            _add(spans, _stretch(place), since, moment, working_seconds)
            since = moment
        place = after
    last = _stretch(place)
    _add(spans, last, since, max(now, since), working_seconds, keep=True)
    return Clock(running=spans[-1] if last else None, spans=spans, held=_held(spans))


def _add(
    spans: list[Span],
    stretch: _Stretch | None,
    start: datetime,
    end: datetime,
    working_seconds: WorkingSeconds,
    *,
    keep: bool = False,
) -> None:
    """One more span; one without length is left out, unless it is where the demand is now. What goes on after one that
    was left out goes on in the span before it."""
    if stretch is None or (start == end and not keep):
        return
    if spans and stretch == _Stretch(spans[-1].holder, spans[-1].hop, spans[-1].unit, spans[-1].reason):
        start = spans.pop().start
    seconds = int((end - start).total_seconds())
    spans.append(
        Span(**stretch._asdict(), start=start, end=end, seconds=seconds, working_seconds=working_seconds(start, end))
    )


def _moved(place: _Place, fact: f.StatusFact) -> _Place:
    status = TRANSITIONS[type(fact)].becomes or place.status
    match fact:
        case f.DemandRouted(unit=unit):
            return _Place(status, unit)
        case f.DemandPaused(reason=reason):
            return place._replace(status=status, paused=reason)
        case f.DemandListed():
            return place._replace(status=status, paused=LISTED)
        case f.DemandResumed():
            return place._replace(status=status, paused=None)
        case f.DemandContacted(reached=reached):
            return _at_work(place, status)._replace(contacted=place.contacted or reached)
        case f.DemandProgressed():
            return _at_work(place, status)
        case f.DemandAccepted() | f.DemandReopened() | f.DemandReturned() | f.DemandTriaged() | f.DemandMerged():
            return place._replace(status=status, paused=None)
    return place._replace(status=status)


def _at_work(place: _Place, status: Status) -> _Place:
    """Work on a listed demand ends the pause that the list brought."""
    return place._replace(status=status, paused=None if place.status is Status.LISTED else place.paused)


def _stretch(place: _Place) -> _Stretch | None:
    """Who holds a demand that is there, and for what; None after its end."""
    match place.status:
        case Status.NONE | Status.SUBMITTED:
            return _Stretch(Holder.INTAKE, Hop.INTAKE, None)
        case Status.TRIAGE | Status.RETURNED | Status.REOPENED:
            return _Stretch(Holder.TRIAGE, Hop.TRIAGE, None)
        case Status.MERGED:
            return _Stretch(Holder.PARENT, Hop.MERGED, None)
        case Status.RESOLVED | Status.DECLINED | Status.CONFIRMED | Status.WITHDRAWN:
            return _Stretch(Holder.CITIZEN, Hop.VERDICT, None)
        case Status.CLOSED:
            return None
    if place.paused:
        return _Stretch(Holder.UNIT, Hop.PAUSED, place.unit, place.paused)
    if place.status is Status.ROUTED:
        return _Stretch(Holder.UNIT, Hop.SIGN, place.unit)
    calls = place.status is Status.ACCEPTED and not place.contacted
    return _Stretch(Holder.UNIT, Hop.CONTACT if calls else Hop.HANDLING, place.unit)


def _held(spans: Sequence[Span]) -> list[Held]:
    sums: dict[tuple[Holder, str | None], list[int]] = {}
    for span in spans:
        spent = sums.setdefault((span.holder, span.unit), [0, 0, 0])
        if span.hop is Hop.PAUSED:
            spent[2] += span.seconds
        else:
            spent[0] += span.seconds
            spent[1] += span.working_seconds
    return [
        Held(holder=holder, unit=unit, seconds=seconds, working_seconds=working, paused_seconds=paused)
        for (holder, unit), (seconds, working, paused) in sums.items()
    ]
