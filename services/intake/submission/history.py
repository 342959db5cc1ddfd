"""Compares a recorded demand with its earlier import: unchanged, with new steps, changed here since, or
contradictory."""

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
"""Statuses in which routing's policy records `demand.routed` by itself, if no recorded step does."""
_COMPARED: Final = {
    "title": "title", "text": "text", "kind": "kind", "category": "category", "division": "division",
    "location": "location", "channel": "via", "channel_kind": "channel_kind", "attachments": "attachments",
}  # fmt: skip
"""Fields of the fact that are compared, with their names in `RecordedDemand`."""
_SHOWN: Final = 60


class Became(StrEnum):
    """The result of importing one recorded demand."""

    NEW = "new"
    KNOWN = "known"
    MOVED_ON = "moved-on"
    WENT_ON_HERE = "went-on-here"
    PENDING = "pending"
    REFUSED = "refused"


class ImportedHistory(NamedTuple):
    """The facts that intake has recorded of an imported demand, with the steps in the order of the record.

    The steps of the latest import follow version `after` of the demand. `expected` is the version of the demand when
    routing has recorded all steps; None if one of the steps can never be recorded.
    """

    submitted: DemandSubmitted
    raised_at: datetime
    steps: tuple[RecordedStep, ...]
    after: int
    expected: int | None


def history_of(facts: Iterable[tuple[Fact, datetime]]) -> ImportedHistory:
    """The imported history of one demand, from `demand.submitted` and the `demand.history-continued` that follow."""
    remaining = iter(facts)
    submitted, at = next(remaining)
    if not isinstance(submitted, DemandSubmitted):
        raise TypeError(f"a demand begins with its submission, not with {submitted.type}")
    history = ImportedHistory(submitted, at, submitted.history, 1, _version(Status.SUBMITTED, 1, submitted.history))
    for note, _ in remaining:
        if isinstance(note, HistoryContinued):
            status = min(TRANSITIONS[STATUS_FACTS[note.history[0].type]].after)
            expected = _version(status, note.after, note.history)
            history = history._replace(steps=history.steps + note.history, after=note.after, expected=expected)
    return history


def _version(status: Status, version: int, steps: Sequence[RecordedStep]) -> int | None:
    """The version of a demand after these steps and after the facts that routing's policy adds to them; None if a step
    is not allowed where it stands."""
    for step in steps:
        row = TRANSITIONS[STATUS_FACTS[step.type]]
        if status not in row.after and status in ROUTED_AT_ONCE:
            status, version = Status.ROUTED, version + 1
        if status not in row.after:
            return None
        status, version = row.becomes or status, version + 1
    return version + (status in ROUTED_AT_ONCE)


def import_result(demand: Demand, imported: ImportedHistory, new_steps: Sequence[RecordedStep]) -> Became:
    """The result of importing `new_steps` for a demand, judged by intake's own copy of the demand.

    A demand that has more facts than the record and the policies explain was handled here since: the record can no
    longer add steps to it.
    """
    if not new_steps or _ended_alike(demand, new_steps):
        return Became.KNOWN
    if imported.expected is None or demand.version > imported.expected:
        return Became.WENT_ON_HERE
    if demand.version < imported.expected or demand.history:
        return Became.PENDING if _is_pending(demand, imported) else Became.WENT_ON_HERE
    return Became.MOVED_ON if _may_follow(new_steps[0], demand) else Became.WENT_ON_HERE


def _ended_alike(demand: Demand, new_steps: Sequence[RecordedStep]) -> bool:
    """Whether the only new step closes the demand, and the demand is closed here with the same outcome."""
    outcomes = [step.data.get("outcome") for step in new_steps if step.type == DemandClosed.type]
    return demand.status is Status.CLOSED and outcomes == [demand.outcome] and len(new_steps) == 1


def _is_pending(demand: Demand, imported: ImportedHistory) -> bool:
    """Whether routing has not yet recorded all steps of the import before."""
    at_once = demand.version <= imported.after or demand.status in ROUTED_AT_ONCE
    return at_once or bool(demand.history and _may_follow(demand.history[0], demand))


def _may_follow(step: RecordedStep, demand: Demand) -> bool:
    return demand.status in TRANSITIONS[STATUS_FACTS[step.type]].after


def differences(imported: ImportedHistory, now: DemandSubmitted, raised_at: datetime) -> list[FieldError]:
    """The fields in which a record contradicts its earlier import, with personal data masked. Empty if the record only
    has more steps or fewer."""
    return list(_differences(imported, now, raised_at))


def _differences(imported: ImportedHistory, now: DemandSubmitted, raised_at: datetime) -> Iterator[FieldError]:
    if raised_at != imported.raised_at:
        yield _differs("occurred_at", imported.raised_at.isoformat(), raised_at.isoformat())
    for name, field in _COMPARED.items():
        if getattr(imported.submitted, name) != getattr(now, name):
            yield _differs(field, getattr(imported.submitted, name), getattr(now, name))
    for n, (was, step) in enumerate(zip(imported.steps, now.history, strict=False)):
        yield from _step_differences(f"history.{n}", was, step)


def _step_differences(where: str, was: RecordedStep, now: RecordedStep) -> Iterator[FieldError]:
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
