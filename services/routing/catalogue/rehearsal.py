"""Dispatches past demands by two versions of the catalogue and compares the results; pure."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from pydantic import BaseModel, Field

from shared.jurisdiction.conditions import RoutingInput
from shared.jurisdiction.pack import Assignment, Pack, Undecided

EXAMPLES: Final = 20
UNITS: Final = 10
TRIAGE: Final = "triage"
"""Stands in the place of a unit if a dispatcher decides."""


class PastDemand(NamedTuple):
    """A demand as it was raised. `ended_at`: when it was resolved; of one that is still open, the present."""

    number: str
    title: str
    case: RoutingInput
    received_at: datetime
    ended_at: datetime | None


class Moved(BaseModel):
    """A demand that would go elsewhere; a unit is `triage` where a dispatcher decides, and has no rule then."""

    number: str
    title: str = Field(description="masked")
    unit_before: str
    rule_before: str | None = None
    unit_after: str
    rule_after: str | None = None


class Late(BaseModel):
    """A demand that was in time and would have been late."""

    number: str
    title: str = Field(description="masked")
    due_before: datetime | None = None
    due_after: datetime
    ended_at: datetime


class Load(BaseModel):
    """How many demands a unit leads, before and after; `percent` is null where it led none."""

    unit: str
    name: str
    before: int
    after: int
    percent: float | None = None


class Rehearsal(BaseModel):
    """Compared with `base`, the version in force. Only the first examples are shown; the counts are of all."""

    base: str
    demands: int = Field(description="how many past demands were dispatched in both versions, the newest first")
    oldest: datetime | None = None
    elsewhere: int
    examples: list[Moved]
    late: int
    late_examples: list[Late]
    loads: list[Load] = Field(description="the units whose number of demands changes most")


class _Decision(NamedTuple):
    unit: str
    rule: str | None
    due_at: datetime | None


@dataclass(slots=True)
class Rehearser:
    """Dispatches past demands one by one, and keeps only counts and the first examples, so that the memory does not
    grow with their number."""

    base: str
    before: Pack
    after: Pack
    _demands: int = 0
    _oldest: datetime | None = None
    _elsewhere: int = 0
    _late: int = 0
    _moved: list[Moved] = field(default_factory=list)
    _delayed: list[Late] = field(default_factory=list)
    _led_before: "Counter[str]" = field(default_factory=Counter)
    _led_after: "Counter[str]" = field(default_factory=Counter)

    def add(self, past: PastDemand) -> None:
        """Dispatch a demand by both versions and count the result."""
        before, after = _decided(self.before, past), _decided(self.after, past)
        self._demands += 1
        self._oldest = min(self._oldest or past.received_at, past.received_at)
        self._led_before[before.unit] += 1
        self._led_after[after.unit] += 1
        if before.unit != after.unit:
            self._elsewhere += 1
            if len(self._moved) < EXAMPLES:
                self._moved.append(_moved(past, before, after))
        if after.due_at and past.ended_at and _would_be_late(before.due_at, after.due_at, past.ended_at):
            self._late += 1
            if len(self._delayed) < EXAMPLES:
                self._delayed.append(
                    Late(number=past.number, title=past.title, due_before=before.due_at, due_after=after.due_at,
                         ended_at=past.ended_at)
                )  # fmt: skip

    def result(self) -> Rehearsal:
        """The result of all demands that were added."""
        return Rehearsal(
            base=self.base,
            demands=self._demands,
            oldest=self._oldest,
            elsewhere=self._elsewhere,
            examples=self._moved,
            late=self._late,
            late_examples=self._delayed,
            loads=self._loads(),
        )

    def _loads(self) -> list[Load]:
        units = self._led_before.keys() | self._led_after.keys()
        changed = [unit for unit in units if self._led_before[unit] != self._led_after[unit]]
        changed.sort(key=lambda unit: (-abs(self._led_after[unit] - self._led_before[unit]), unit))
        return [self._load(unit) for unit in changed[:UNITS]]

    def _load(self, unit: str) -> Load:
        before, after = self._led_before[unit], self._led_after[unit]
        unit_of_pack = self.after.unit(unit)
        percent = round((after - before) * 100 / before, 1) if before else None
        return Load(
            unit=unit, name=unit_of_pack.name if unit_of_pack else unit, before=before, after=after, percent=percent
        )


def _decided(pack: Pack, past: PastDemand) -> _Decision:
    match pack.decide(past.case):
        case Assignment() as assignment:
            return _Decision(assignment.lead_unit, assignment.rule_id, _due(pack, past, assignment.limit_source))
        case Undecided():
            return _Decision(TRIAGE, None, _due(pack, past, None))


def _due(pack: Pack, past: PastDemand, preset: str | None) -> datetime | None:
    case = past.case
    limits = pack.limits_for(case.division, case.category, case.kind, vulnerable=case.vulnerable, preset=preset)
    return pack.end_of(limits.resolve, past.received_at) if limits.resolve else None


def _would_be_late(before: datetime | None, after: datetime, ended_at: datetime) -> bool:
    return ended_at > after and (before is None or ended_at <= before)


def _moved(past: PastDemand, before: _Decision, after: _Decision) -> Moved:
    return Moved(
        number=past.number,
        title=past.title,
        unit_before=before.unit,
        rule_before=before.rule,
        unit_after=after.unit,
        rule_after=after.rule,
    )
