"""Projects facts onto the tables that lists and updates are read from, in the transaction that stores the facts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.chassis.aggregates.projections import Projection, change_itself
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AFTER_SUBMISSION, ALL_NOTES, ALL_STATUS_FACTS, AMONG_OFFICES
from shared.contracts.demand.state import Demand, Status

Changes = Sequence[Change[Demand, f.Fact]]
ENDED: Final = frozenset({Status.DECLINED, Status.RESOLVED, Status.WITHDRAWN, Status.CONFIRMED, Status.CLOSED})


def is_open(status: Status) -> bool:
    """Whether the citizen still waits for an answer. A demand that was merged into another is open until that one is
    resolved."""
    return status not in ENDED


@dataclass(frozen=True, slots=True)
class ListingChange:
    """How a batch changes the row of a demand. `at` is None if the demand had ended before and still has: then its date
    stays. `summary` is None if it stays."""

    demand: Demand
    at: datetime | None = None
    summary: str | None = None


def listing_changes(changes: Changes) -> dict[UUID, ListingChange]:
    """By the id of each demand, how a batch changes its row. A fact after the end of a demand (a rating, the closing)
    does not change the date."""
    by_demand: dict[UUID, ListingChange] = {}
    for change in changes:
        earlier = by_demand.get(change.after.id, ListingChange(change.before))
        was_over = not is_open(change.before.status) and not is_open(change.after.status)
        at = earlier.at if was_over else change.envelope.time
        changes_summary = isinstance(change.fact, f.DemandResolved | f.DemandReopened)
        summary = released(change.fact) if changes_summary else earlier.summary
        by_demand[change.after.id] = ListingChange(change.after, at, summary)
    return by_demand


def released(fact: f.Fact) -> str:
    """The summary of an answer that is released to the public; empty for every other fact."""
    return fact.summary if isinstance(fact, f.DemandResolved) else ""


def _write_listing(writes: WriteBatch, changes: Changes) -> None:
    submitted = [change for change in changes if isinstance(change.fact, f.DemandSubmitted)]
    later = [change for change in changes if not isinstance(change.fact, f.DemandSubmitted)]
    if submitted:
        _insert(writes, submitted)
    if later:
        # A demand that was submitted in the same batch has its row only after the insert.
        _update_listing(writes.after if submitted else writes, list(listing_changes(later).values()))


def _insert(writes: WriteBatch, submitted: Changes) -> None:
    rows = [_listing_row(c.after, c.fact) for c in submitted if isinstance(c.fact, f.DemandSubmitted)]
    writes.add("INSERT INTO demand_listing SELECT * FROM unnest($1::demand_listing_row[])", rows)


def _listing_row(demand: Demand, fact: f.DemandSubmitted) -> tuple[object, ...]:
    place = fact.location
    return (
        demand.id, fact.number, fact.jurisdiction, fact.channel, fact.kind, fact.category, fact.division,
        fact.title, fact.text, place and place.lat, place and place.lon,
        demand.status, is_open(demand.status), demand.submitted_at, demand.updated_at,
    )  # fmt: skip


def _update_listing(writes: WriteBatch, changes: Sequence[ListingChange]) -> None:
    writes.add(
        """
        UPDATE demand_listing AS listed
        SET status = now.status, is_open = now.is_open, unit = now.unit, due_at = now.due_at, category = now.category,
            updated_at = coalesce(now.at, listed.updated_at), summary = coalesce(now.summary, listed.summary)
        FROM unnest($1::demand_listing_move[]) AS now
        WHERE listed.id = now.id
        """,
        [_listing_change_row(change) for change in changes],
    )


def _listing_change_row(change: ListingChange) -> tuple[object, ...]:
    demand = change.demand
    return (
        demand.id, demand.status, is_open(demand.status), demand.unit, demand.due_at,
        change.at, change.summary, demand.category,
    )  # fmt: skip


def _update_row(change: Change[Demand, f.Fact]) -> tuple[object, ...]:
    envelope, after = change.envelope, change.after
    summary = released(change.fact)
    return envelope.id, after.id, after.version, after.jurisdiction, after.status, summary, envelope.time


def _put_updates(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    writes.add(
        "INSERT INTO demand_update SELECT * FROM unnest($1::demand_update_row[]) ON CONFLICT (id) DO NOTHING", rows
    )


LISTING: Final = Projection(on=dict.fromkeys(ALL_STATUS_FACTS, change_itself), ignores=ALL_NOTES, write=_write_listing)
"""One row for each demand, as lists show it."""
UPDATES: Final = Projection(
    on={kind: _update_row for kind in AFTER_SUBMISSION if kind not in AMONG_OFFICES},
    ignores=(f.DemandSubmitted, *AMONG_OFFICES, *ALL_NOTES),
    write=_put_updates,
)
"""One row for each status fact of a demand after its submission."""
