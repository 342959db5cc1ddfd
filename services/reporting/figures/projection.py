"""Projects facts onto counters. Only differences are written, so a fact that is delivered twice changes nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from services.reporting.figures import queries
from services.reporting.figures.domain import Rows, Where, is_completed, is_owed, measures, where
from shared.chassis.aggregates.projections import Composed, Projection, change_itself, compose
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AFTER_SUBMISSION, ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import Demand
from shared.contracts.envelope import Envelope
from shared.jurisdiction.jurisdictions import Jurisdictions

Row = tuple[str, date, str, str, str]
Alike = tuple[str, date, Where, tuple[str, ...]]
"""Demands that are counted alike: jurisdiction, period, places, measures."""


def figure_projection(packs: Jurisdictions) -> Composed[Demand, f.Fact]:
    """All projections of reporting: facts, channels, agreements, and the counters of figures."""
    counters = Counters({pack.id: Rows(pack) for pack in packs})
    counted = Projection(on=dict.fromkeys(ALL_STATUS_FACTS, change_itself), ignores=ALL_NOTES, write=counters.write)
    return compose(FACTS_HEARD, CHANNELS, AGREEMENTS, counted)


class Counters:
    """The counters: cohorts by month, the daily flow, and owed answers by due time."""

    def __init__(self, rows: Mapping[str, Rows]) -> None:
        self._rows = rows

    def write(self, writes: WriteBatch, changes: Sequence[Change[Demand, f.Fact]]) -> None:
        """Add the differences that a batch makes to the counters."""
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
        queries.add(writes, "cohort", "month", self._by_row(cohort))
        queries.add(writes, "flow", "day", self._by_row(flow))
        queries.add_owed(writes, owed)

    def _by_row(self, counts: Mapping[Alike, int]) -> Counter[Row]:
        """The counts by row: each demand is counted in all its rows."""
        sums: Counter[Row] = Counter()
        for (jurisdiction, period, places, measures_of_all), n in counts.items():
            if n:
                for dimension, key in self._rows[jurisdiction].of(places):
                    for measure in measures_of_all:
                        sums[jurisdiction, period, dimension, key, measure] += n
        return sums


def _spans(changes: Iterable[Change[Demand, f.Fact]]) -> Iterable[tuple[Demand, Demand]]:
    """For each demand of a batch, its state before and after the batch."""
    first: dict[UUID, Demand] = {}
    last: dict[UUID, Demand] = {}
    for change in changes:
        first.setdefault(change.envelope.key, change.before)
        last[change.envelope.key] = change.after
    return ((first[key], last[key]) for key in first)


def count_cohort(counts: Counter[Alike], rows: Rows, before: Demand, after: Demand) -> None:
    """Count the move of a demand from its rows before to its rows after."""
    for demand, sign in ((before, -1), (after, 1)):
        if demand.submitted_at:
            month = rows.pack.local_month(demand.submitted_at)
            counts[rows.pack.id, month, where(demand), tuple(measures(demand))] += sign


def count_owed(counts: Counter[tuple[str, datetime]], before: Demand, after: Demand) -> None:
    """Count the move of a demand from its due time before to its due time after."""
    for demand, sign in ((before, -1), (after, 1)):
        if demand.due_at and is_owed(demand):
            counts[demand.jurisdiction, demand.due_at] += sign


def count_flow(counts: Counter[Alike], rows: Rows, change: Change[Demand, f.Fact]) -> None:
    """Count what one fact changed on its day: the rows of the demand, and whether it is completed."""
    before, after = change.before, change.after
    was_completed, is_now_completed = is_completed(before), is_completed(after)
    if (where(before), was_completed, before.version > 0) == (where(after), is_now_completed, True):
        return
    day = rows.pack.local_day(change.envelope.time)
    if before.submitted_at:
        counts[rows.pack.id, day, where(before), _FLOWS[was_completed]] -= 1
    if after.submitted_at:
        counts[rows.pack.id, day, where(after), _FLOWS[is_now_completed]] += 1


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
"""One row for each fact, without texts, from which a figure is opened down to the facts."""
CHANNELS: Final = Projection(
    on={f.DemandSubmitted: _raised}, ignores=(*AFTER_SUBMISSION, *ALL_NOTES), write=queries.put_channels
)
"""One row for each channel, with its name."""
AGREEMENTS: Final = Projection(
    on={f.PublicationAllowed: _agreed},
    ignores=(*ALL_STATUS_FACTS, *(kind for kind in ALL_NOTES if kind is not f.PublicationAllowed)),
    write=queries.put_agreements,
)
"""One row for each demand whose citizen agreed to publication after the submission."""
