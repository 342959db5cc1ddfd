"""Keeps what may be listed of every demand, and how each went on, in the transaction that made it true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from shared.chassis.aggregates.projections import Projection, whole
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AFTER_SUBMISSION, ALL_NOTES, ALL_STATUS_FACTS, AMONG_OFFICES
from shared.contracts.demand.state import Demand, Status

Changes = Sequence[Change[Demand, f.Fact]]
ENDED: Final = frozenset({Status.DECLINED, Status.RESOLVED, Status.WITHDRAWN, Status.CONFIRMED, Status.CLOSED})


def is_open(status: Status) -> bool:
    """Whether the citizen still waits; merged with another is open until that one is resolved."""
    return status not in ENDED


@dataclass(frozen=True, slots=True)
class Move:
    """What a batch changes: `at` is None where a demand had ended before and still has, `summary` where it stays."""

    demand: Demand
    at: datetime | None = None
    summary: str | None = None


def moves(changes: Changes) -> dict[UUID, Move]:
    """For each demand its last state; what follows the end (a rating, the closing) does not move the date."""
    moves: dict[UUID, Move] = {}
    for change in changes:
        earlier = moves.get(change.after.id, Move(change.before))
        settled = not is_open(change.before.status) and not is_open(change.after.status)
        at = earlier.at if settled else change.envelope.time
        answers = isinstance(change.fact, f.DemandResolved | f.DemandReopened)
        summary = released(change.fact) if answers else earlier.summary
        moves[change.after.id] = Move(change.after, at, summary)
    return moves


def released(fact: f.Fact) -> str:
    """What a fact says to the public."""
    return fact.summary if isinstance(fact, f.DemandResolved) else ""


def _list(writes: WriteBatch, changes: Changes) -> None:
    raised = [change for change in changes if isinstance(change.fact, f.DemandSubmitted)]
    moved = [change for change in changes if not isinstance(change.fact, f.DemandSubmitted)]
    if raised:
        _raise(writes, raised)
    if moved:
        # Of a demand that was raised in the same batch there is no row before.
        _move(writes.after if raised else writes, list(moves(moved).values()))


def _raise(writes: WriteBatch, raised: Changes) -> None:
    rows = [_listed(c.after, c.fact) for c in raised if isinstance(c.fact, f.DemandSubmitted)]
    writes.add("INSERT INTO demand_listing SELECT * FROM unnest($1::demand_listing_row[])", rows)


def _listed(demand: Demand, fact: f.DemandSubmitted) -> tuple[object, ...]:
    place = fact.location
    return (
        demand.id, fact.number, fact.jurisdiction, fact.channel, fact.kind, fact.category, fact.division,
        fact.title, fact.text, place and place.lat, place and place.lon,
        demand.status, is_open(demand.status), demand.submitted_at, demand.updated_at,
    )  # fmt: skip


def _move(writes: WriteBatch, moved: Sequence[Move]) -> None:
    writes.add(
        """
        UPDATE demand_listing AS listed
        SET status = now.status, is_open = now.is_open, unit = now.unit, due_at = now.due_at, category = now.category,
            updated_at = coalesce(now.at, listed.updated_at), summary = coalesce(now.summary, listed.summary)
        FROM unnest($1::demand_listing_move[]) AS now
        WHERE listed.id = now.id
        """,
        [_moved(move) for move in moved],
    )


def _moved(move: Move) -> tuple[object, ...]:
    to = move.demand
    return to.id, to.status, is_open(to.status), to.unit, to.due_at, move.at, move.summary, to.category


def _update(change: Change[Demand, f.Fact]) -> tuple[object, ...]:
    envelope, after = change.envelope, change.after
    summary = released(change.fact)
    return envelope.id, after.id, after.version, after.jurisdiction, after.status, summary, envelope.time


def _put_updates(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    writes.add(
        "INSERT INTO demand_update SELECT * FROM unnest($1::demand_update_row[]) ON CONFLICT (id) DO NOTHING", rows
    )


LISTING: Final = Projection(on=dict.fromkeys(ALL_STATUS_FACTS, whole), ignores=ALL_NOTES, write=_list)
"""One row a demand, as lists show it."""
UPDATES: Final = Projection(
    on={kind: _update for kind in AFTER_SUBMISSION if kind not in AMONG_OFFICES},
    ignores=(f.DemandSubmitted, *AMONG_OFFICES, *ALL_NOTES),
    write=_put_updates,
)
"""One row for each step of a demand after it was raised."""
