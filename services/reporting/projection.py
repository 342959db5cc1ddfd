"""Folds facts into counters: only differences are written, so that hearing a fact twice changes nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from services.reporting import queries
from services.reporting.figures import Place, Rows, is_completed, measures
from shared.chassis.page import Change
from shared.chassis.writes import Writes
from shared.contracts.demand import Demand
from shared.contracts.facts import Fact
from shared.jurisdiction.jurisdictions import Jurisdictions

Row = tuple[str, date, str, str, str]
Counts = Counter[Row]


class Projection:
    """What reporting remembers beside its ledger: every fact, the cohorts, the daily flow."""

    def __init__(self, packs: Jurisdictions) -> None:
        self._rows = {pack.id: Rows(pack) for pack in packs}

    def __call__(self, writes: Writes, changes: Sequence[Change[Demand, Fact]]) -> None:
        queries.put_facts(writes, [change.envelope for change in changes])
        cohort: Counts = Counter()
        flow: Counts = Counter()
        for before, after in _spans(changes):
            rows = self._rows.get(after.jurisdiction)
            if rows:
                count_cohort(cohort, rows, before, after)
        for change in changes:
            rows = self._rows.get(change.after.jurisdiction)
            if rows and change.after is not change.before:
                count_flow(flow, rows, change)
        queries.add(writes, "cohort", "month", cohort)
        queries.add(writes, "flow", "day", flow)


def _spans(changes: Iterable[Change[Demand, Fact]]) -> Iterable[tuple[Demand, Demand]]:
    """For each demand of a batch, how it was before and after it."""
    first: dict[UUID, Demand] = {}
    last: dict[UUID, Demand] = {}
    for change in changes:
        first.setdefault(change.envelope.key, change.before)
        last[change.envelope.key] = change.after
    return ((first[key], last[key]) for key in first)


def count_cohort(counts: Counts, rows: Rows, before: Demand, after: Demand) -> None:
    """Move a demand from the rows in which it was to the rows in which it is."""
    for demand, sign in ((before, -1), (after, 1)):
        if demand.submitted_at is None:
            continue
        month = rows.pack.local_month(demand.submitted_at)
        counted = list(measures(demand))
        for dimension, key in rows.of(demand):
            for measure in counted:
                counts[rows.pack.id, month, dimension, key, measure] += sign


def count_flow(counts: Counts, rows: Rows, change: Change[Demand, Fact]) -> None:
    """What one fact changed on its day: membership of rows, and completion."""
    before, after = change.before, change.after
    if (before.unit, is_completed(before), before.version > 0) == (after.unit, is_completed(after), True):
        return
    day = rows.pack.local_day(change.envelope.time)
    for demand, sign in ((before, -1), (after, 1)):
        if demand.submitted_at is None:
            continue
        counted = ("collected", "completed") if is_completed(demand) else ("collected",)
        for place in rows.of(demand):
            _add(counts, rows.pack.id, day, place, counted, sign)


def _add(counts: Counts, pack: str, day: date, place: Place, counted: Sequence[str], sign: int) -> None:
    for measure in counted:
        counts[pack, day, place[0], place[1], measure] += sign
