"""What becomes of a recorded demand that was imported before: the same, further on, gone on here, or contradicted."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from shared.contracts.demand.facts import DemandClosed, DemandSubmitted, Fact, HistoryContinued, RecordedStep
from shared.contracts.demand.lifecycle import TRANSITIONS
from shared.contracts.demand.state import Demand, Status
from shared.contracts.event_types import STATUS_FACTS
from shared.contracts.refusals import FieldError
from shared.contracts.text import shortened

ROUTED_AT_ONCE: Final = (Status.SUBMITTED, Status.RETURNED, Status.REOPENED)
"""Where routing's policy tells the next fact by itself when no recorded step does."""
_COMPARED: Final = {
    "title": "title", "text": "text", "kind": "kind", "category": "category", "division": "division",
    "location": "location", "channel": "via", "channel_kind": "channel_kind", "attachments": "attachments",
}  # fmt: skip
"""Fields of the fact, and what the recorded demand calls them."""
_SHOWN: Final = 60


class Became(StrEnum):
    """What became of a recorded demand that was handed over."""

    NEW = "new"
    KNOWN = "known"
    MOVED_ON = "moved-on"
    WENT_ON_HERE = "went-on-here"
    PENDING = "pending"
    REFUSED = "refused"


class Known(NamedTuple):
    """What intake told of an imported demand: its steps in the order of the record.

    The last of them follow the sequence `after`; `expected` is the version when all are told, None where one of
    them cannot be.
    """

    submitted: DemandSubmitted
    raised_at: datetime
    steps: tuple[RecordedStep, ...]
    after: int
    expected: int | None


def known(facts: Iterable[tuple[Fact, datetime]]) -> Known:
    """From the facts that intake told: the submission, and what continued its history."""
    coming = iter(facts)
    submitted, at = next(coming)
    if not isinstance(submitted, DemandSubmitted):
        raise TypeError(f"a demand begins with its submission, not with {submitted.type}")
    history = Known(submitted, at, submitted.history, 1, _version(Status.SUBMITTED, 1, submitted.history))
    for note, _ in coming:
        if isinstance(note, HistoryContinued):
            status = min(TRANSITIONS[STATUS_FACTS[note.history[0].type]].after)
            expected = _version(status, note.after, note.history)
            history = history._replace(steps=history.steps + note.history, after=note.after, expected=expected)
    return history


def _version(status: Status, version: int, steps: Sequence[RecordedStep]) -> int | None:
    """How many status facts there are when these steps are told, and what routing's policy tells where they stop."""
    for step in steps:
        row = TRANSITIONS[STATUS_FACTS[step.type]]
        if status not in row.after and status in ROUTED_AT_ONCE:
            status, version = Status.ROUTED, version + 1
        if status not in row.after:
            return None
        status, version = row.becomes or status, version + 1
    return version + (status in ROUTED_AT_ONCE)


def becomes(demand: Demand, known: Known, further: Sequence[RecordedStep]) -> Became:
    """What `further` steps of the record do to a demand, as far as intake has heard of it.

    By other hands a demand has gone on when it has more facts than the record and the policies account for.
    """
    if not further or _ended_alike(demand, further):
        return Became.KNOWN
    if known.expected is None or demand.version > known.expected:
        return Became.WENT_ON_HERE
    if demand.version < known.expected or demand.history:
        return Became.PENDING if _is_coming(demand, known) else Became.WENT_ON_HERE
    return Became.MOVED_ON if _may_follow(further[0], demand) else Became.WENT_ON_HERE


def _ended_alike(demand: Demand, further: Sequence[RecordedStep]) -> bool:
    """Whether all that is new is the end that the demand has come to here too."""
    ends = [step.data.get("outcome") for step in further if step.type == DemandClosed.type]
    return demand.status is Status.CLOSED and ends == [demand.outcome] and len(further) == 1


def _is_coming(demand: Demand, known: Known) -> bool:
    """Whether what was recorded before is still being told."""
    at_once = demand.version <= known.after or demand.status in ROUTED_AT_ONCE
    return at_once or bool(demand.history and _may_follow(demand.history[0], demand))


def _may_follow(step: RecordedStep, demand: Demand) -> bool:
    return demand.status in TRANSITIONS[STATUS_FACTS[step.type]].after


def differences(known: Known, now: DemandSubmitted, raised_at: datetime) -> list[FieldError]:
    """Where a record contradicts what was imported before, personal data hidden; nothing where it only goes on."""
    return list(_differences(known, now, raised_at))


def _differences(known: Known, now: DemandSubmitted, raised_at: datetime) -> Iterator[FieldError]:
    if raised_at != known.raised_at:
        yield _differs("occurred_at", known.raised_at.isoformat(), raised_at.isoformat())
    for name, field in _COMPARED.items():
        if getattr(known.submitted, name) != getattr(now, name):
            yield _differs(field, getattr(known.submitted, name), getattr(now, name))
    for n, (was, step) in enumerate(zip(known.steps, now.history, strict=False)):
        yield from _steps_apart(f"history.{n}", was, step)


def _steps_apart(where: str, was: RecordedStep, now: RecordedStep) -> Iterator[FieldError]:
    if was.type != now.type:
        yield _differs(f"{where}.type", was.type, now.type)
        return
    if was.at != now.at:
        yield _differs(f"{where}.at", was.at.isoformat(), now.at.isoformat())
    for name in dict.fromkeys((*was.data, *now.data)):
        if was.data.get(name) != now.data.get(name):
            yield _differs(f"{where}.data.{name}", was.data.get(name), now.data.get(name))


def _differs(field: str, was: object, now: object) -> FieldError:
    before, after = shortened(str(was or ""), _SHOWN), shortened(str(now or ""), _SHOWN)
    return FieldError(field, f"原为“{before}”，现为“{after}”", f"was {before!r}, is {after!r}")
