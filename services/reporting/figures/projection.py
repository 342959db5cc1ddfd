"""Folds facts into counters: only differences are written, so that hearing a fact twice changes nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.reporting.figures import queries
from services.reporting.figures.domain import Rows, Where, is_completed, is_owed, measures, where
from shared.chassis.aggregates.projections import Composed, Projection, compose, whole
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AFTER_SUBMISSION, ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import Demand
from shared.contracts.envelope import Envelope
from shared.jurisdiction.jurisdictions import Jurisdictions

Row = tuple[str, date, str, str, str]
Alike = tuple[str, date, Where, tuple[str, ...]]
"""Demands that count in the same places as the same: a jurisdiction, a period, where, measures."""


def figure_projection(packs: Jurisdictions) -> Composed[Demand, f.Fact]:
    """What reporting keeps beside its demands: facts, channels, and the counters behind figures."""
    counters = Counters({pack.id: Rows(pack) for pack in packs})
    counted = Projection(on=dict.fromkeys(ALL_STATUS_FACTS, whole), ignores=ALL_NOTES, write=counters.write)
    return compose(FACTS_HEARD, CHANNELS, AGREEMENTS, counted)


class Counters:
    """Cohorts by the month, the daily flow, and what is owed by when."""

    def __init__(self, rows: Mapping[str, Rows]) -> None:
        self._rows = rows

    def write(self, writes: WriteBatch, changes: Sequence[Change[Demand, f.Fact]]) -> None:
        """Add what a batch changes."""
        cohort: Counter[Alike] = Counter()
        flow: Counter[Alike] = Counter()
        owed: Counter[tuple[str, datetime]] = Counter()
        for before, after in _spans(changes):
            if rows := self._rows.get(after.jurisdiction):
                count_cohort(cohort, rows, before, after)
                count_owed(owed, before, after)
        for change in changes:
            if rows := self._rows.get(change.after.jurisdiction):
                count_flow(flow, rows, change)
        queries.add(writes, "cohort", "month", self._apart(cohort))
        queries.add(writes, "flow", "day", self._apart(flow))
        queries.owe(writes, owed)

    def _apart(self, counts: Mapping[Alike, int]) -> Counter[Row]:
        """The rows that they are counted in."""
        sums: Counter[Row] = Counter()
        for (jurisdiction, period, place, measured), n in counts.items():
            if n:
                for dimension, key in self._rows[jurisdiction].of(place):
                    for measure in measured:
                        sums[jurisdiction, period, dimension, key, measure] += n
        return sums


def _spans(changes: Iterable[Change[Demand, f.Fact]]) -> Iterable[tuple[Demand, Demand]]:
    """For each demand of a batch, how it was before and after it."""
    first: dict[UUID, Demand] = {}
    last: dict[UUID, Demand] = {}
    for change in changes:
        first.setdefault(change.envelope.key, change.before)
        last[change.envelope.key] = change.after
    return ((first[key], last[key]) for key in first)


def count_cohort(counts: Counter[Alike], rows: Rows, before: Demand, after: Demand) -> None:
    """Move a demand from the rows in which it was to the rows in which it is."""
    for demand, sign in ((before, -1), (after, 1)):
        if demand.submitted_at:
            month = rows.pack.local_month(demand.submitted_at)
            counts[rows.pack.id, month, where(demand), tuple(measures(demand))] += sign


def count_owed(counts: Counter[tuple[str, datetime]], before: Demand, after: Demand) -> None:
    """Move a demand from the time when it was due to the time when it is."""
    for demand, sign in ((before, -1), (after, 1)):
        if demand.due_at and is_owed(demand):
            counts[demand.jurisdiction, demand.due_at] += sign


def count_flow(counts: Counter[Alike], rows: Rows, change: Change[Demand, f.Fact]) -> None:
    """What one fact changed on its day: membership of rows, and completion."""
    before, after = change.before, change.after
    was_completed, completed = is_completed(before), is_completed(after)
    if (where(before), was_completed, before.version > 0) == (where(after), completed, True):
        return
    day = rows.pack.local_day(change.envelope.time)
    if before.submitted_at:
        counts[rows.pack.id, day, where(before), _FLOWS[was_completed]] -= 1
    if after.submitted_at:
        counts[rows.pack.id, day, where(after), _FLOWS[completed]] += 1


def _envelope(change: Change[Demand, f.Fact]) -> Envelope:
    return change.envelope


def _raised(change: Change[Demand, f.DemandSubmitted]) -> f.DemandSubmitted:
    return change.fact


def _agreed(change: Change[Demand, f.PublicationAllowed]) -> tuple[UUID, int]:
    return change.envelope.key, change.fact.refusals


_FLOWS: Final = (("collected",), ("collected", "completed"))
FACTS_HEARD: Final = Projection(
    on=dict.fromkeys((*ALL_STATUS_FACTS, *ALL_NOTES), _envelope), ignores=(), write=queries.put_facts
)
"""Every fact without its words, so that a figure can be opened down to what happened."""
CHANNELS: Final = Projection(
    on={f.DemandSubmitted: _raised}, ignores=(*AFTER_SUBMISSION, *ALL_NOTES), write=queries.call_channels
)
"""What people call the channels."""
AGREEMENTS: Final = Projection(
    on={f.PublicationAllowed: _agreed},
    ignores=(*ALL_STATUS_FACTS, *(kind for kind in ALL_NOTES if kind is not f.PublicationAllowed)),
    write=queries.put_agreements,
)
"""Which citizens agreed to publication since they raised their demands."""
