"""A small model of case handling, written independently of the product: who may do what, when, and the result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack

Fields = Mapping[str, Any]
_WORK: Final = frozenset({"accepted", "in_progress", "listed"})
_RUN: Final = frozenset({"accepted", "in_progress"})
_UNIT: Final = _WORK | {"routed"}
_OWED: Final = _UNIT | {"triage", "returned", "reopened", "submitted"}
_ALWAYS: Final = _OWED | {"merged", "resolved", "declined", "withdrawn", "confirmed", "closed"}
AFTER: Final[Mapping[str, frozenset[str]]] = {
    "accept": frozenset({"routed"}), "assign": _UNIT, "return": _UNIT, "transfer": _UNIT, "move-up": _UNIT,
    "decline": _UNIT | {"triage"}, "contact": _WORK, "progress": _WORK, "note": _ALWAYS, "attach": _ALWAYS,
    "list": _RUN, "resolve": _WORK, "request-extension": _RUN, "grant-extension": _RUN, "refuse-extension": _RUN,
    "extend": _RUN, "pause": _RUN, "resume": _WORK, "request-assistance": _WORK, "accept-assistance": _UNIT,
    "report-assistance": _UNIT, "end-assistance": _UNIT, "route": _UNIT | {"triage"},
    "reclassify": _UNIT | {"triage"}, "prioritize": _UNIT | {"triage"}, "merge": _UNIT | {"triage"},
    "unmerge": frozenset({"merged"}),
}  # fmt: skip
"""The statuses at which each command is possible."""
_HELPS: Final = frozenset({"contact", "progress", "attach", "note", "accept-assistance", "report-assistance"})
_LEADS: Final = frozenset(AFTER) - {
    "assign", "list", "grant-extension", "refuse-extension", "extend", "route", "reclassify",
    "accept-assistance", "report-assistance",
}  # fmt: skip
_HEADS: Final = _LEADS | {"assign", "list"}
_ABOVE_DECIDES: Final = "other-authority"
_ABOVE: Final = frozenset({"note", "grant-extension", "refuse-extension", "prioritize"})


def may(by: Person, command: str, case: Demand, pack: Pack) -> bool:
    """Whether this person has the right, regardless of the status."""
    allowed: set[str] = set()
    holds, helps = by.unit == case.unit, by.unit in case.assisting
    below_own = case.unit is not None and by.unit in pack.units_above(case.unit)
    is_coordinator = by.unit == pack.coordinator
    if "clerk" in by.roles or "head" in by.roles:
        allowed |= (_LEADS if holds else frozenset()) | (_HELPS if helps else frozenset())
    if "head" in by.roles:
        allowed |= (_HEADS if holds else frozenset()) | (_ABOVE if below_own or is_coordinator else frozenset())
    if "dispatcher" in by.roles and is_coordinator:
        allowed |= set(AFTER)
    if "leader" in by.roles and (holds or helps or below_own or is_coordinator):
        allowed |= {"note"}
    return command in allowed


def is_possible(by: Person, command: str, fields: Fields, case: Demand, pack: Pack, at: datetime) -> bool:
    """Whether the command must succeed; `may_merge` checks the other case of a merge."""
    return may(by, command, case, pack) and case.status in AFTER[command] and _fits(by, command, fields, case, pack, at)


def _fits(by: Person, command: str, fields: Fields, case: Demand, pack: Pack, at: datetime) -> bool:
    waiting = {part.unit for part in case.assistance if part.asked_at and not part.reported_at}
    signed = {part.unit for part in case.assistance if part.accepted_at and not part.reported_at}
    helps, runs = by.unit in case.assisting, case.paused_at is None
    may_be_later = case.due_at is not None and runs and at <= case.due_at and case.extensions == 0
    is_early = case.routed_at is None or at <= pack.due_at(case.routed_at, 1) or by.unit == pack.coordinator
    whole, ranks = pack.coordinator, ("ordinary", "urgent", "critical")
    is_no_lower = "urgency" not in fields or ranks.index(fields["urgency"]) >= ranks.index(case.urgency)
    needs: dict[str, Callable[[], bool]] = {
        "return": lambda: is_early and case.unit not in {pack.coordinator, fields["suggested_unit"]},
        "transfer": lambda: fields["unit"] not in case.units,
        "move-up": lambda: case.unit != pack.coordinator,
        "assign": lambda: fields["handler"] != case.handler,
        "resolve": lambda: case.contact is None or case.contacted_at is not None or "not_contacted" in fields,
        "request-extension": lambda: may_be_later and case.extension is None,
        "extend": lambda: may_be_later,
        "grant-extension": lambda: case.extension is not None,
        "refuse-extension": lambda: case.extension is not None,
        "pause": lambda: runs and (fields["reason"] != _ABOVE_DECIDES or not by.unit == case.unit != pack.coordinator),
        "resume": lambda: not runs,
        "request-assistance": lambda: case.unit not in fields["units"] and not waiting & set(fields["units"]),
        "accept-assistance": lambda: helps and by.unit not in signed,
        "report-assistance": lambda: helps,
        "end-assistance": lambda: fields["unit"] in case.assisting,
        "prioritize": lambda: fields["urgency"] != case.urgency and (is_no_lower or not by.unit == case.unit != whole),
        "reclassify": lambda: fields["category"] != case.category,
    }
    return command not in needs or needs[command]()


def may_merge(case: Demand, parent: Demand) -> bool:
    """Whether a case may be merged into this parent: another case that is still to be answered."""
    return parent.id != case.id and parent.parent is None and parent.status in _OWED


_BECOMES: Final[Mapping[str, str]] = {
    "submitted": "submitted", "triaged": "triage", "routed": "routed", "declined": "declined", "merged": "merged",
    "unmerged": "triage", "accepted": "accepted", "returned": "returned", "contacted": "in_progress",
    "progressed": "in_progress", "listed": "listed", "resolved": "resolved", "withdrawn": "withdrawn",
    "confirmed": "confirmed", "reopened": "reopened", "closed": "closed",
}  # fmt: skip


@dataclass
class Model:
    """The model's state of a case."""

    status: str = ""
    unit: str | None = None
    units: tuple[str, ...] = ()
    assisting: set[str] = field(default_factory=set)
    is_paused: bool = False
    parent: Any = None

    @classmethod
    def of(cls, facts: Sequence[f.StatusFact]) -> "Model":
        """The case after these facts."""
        model = cls()
        for fact in facts:
            model.learns(fact)
        return model

    def learns(self, fact: f.StatusFact) -> None:
        """Apply one fact."""
        self.is_paused = self._stands(fact)
        self.status = _BECOMES.get(fact.type.removeprefix("demand."), self.status)
        match fact:
            case f.DemandRouted(unit=unit, assisting=helpers):
                self.unit, self.units, self.assisting = unit, (*self.units, unit), set(helpers)
            case f.AssistanceRequested(units=units):
                self.assisting |= set(units)
            case f.AssistanceEnded(unit=unit):
                self.assisting.discard(unit)
            case f.DemandMerged(parent=parent):
                self.parent = parent
            case f.DemandUnmerged() | f.DemandReopened():
                self.parent = None

    def _stands(self, fact: f.StatusFact) -> bool:
        match fact:
            case f.DemandPaused() | f.DemandListed():
                return True
            case f.DemandContacted() | f.DemandProgressed():
                return self.is_paused and self.status != "listed"
            case f.DemandDeclined() | f.DemandWithdrawn():
                return False
            case f.DemandResumed() | f.DemandRouted() | f.DemandReturned() | f.DemandMerged() | f.DemandResolved():
                return False
        return self.is_paused

    def agrees(self, case: Demand) -> bool:
        """Whether the stored case equals the model."""
        expected = (self.status, self.unit, self.units, self.assisting, self.is_paused, self.parent)
        stored = (case.status, case.unit, case.units, set(case.assisting), case.paused_at is not None, case.parent)
        return expected == stored


def due_after_pause(pack: Pack, due_at: datetime, since: datetime, until: datetime) -> datetime:
    """The due time after a pause, computed day by day: the time left at its start is left at its end."""
    zone = ZoneInfo(pack.timezone)
    if due_at <= since or until <= since:
        return due_at
    if due_at.astimezone(zone).time().replace(microsecond=0).isoformat() != "23:59:59":
        return due_at + (until - since)
    last, day, days_left = due_at.astimezone(zone).date(), since.astimezone(zone).date(), 0
    while day < last:
        day += timedelta(days=1)
        days_left += pack.is_working_day(day)
    end = until.astimezone(zone).date()
    while days_left or not pack.is_working_day(end):
        end += timedelta(days=1)
        days_left -= bool(days_left) and pack.is_working_day(end)
    due_after = datetime.combine(end, due_at.astimezone(zone).time(), zone)
    return max(due_after, due_at)
