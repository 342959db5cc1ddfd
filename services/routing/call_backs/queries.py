"""Routing's SQL about call-backs: which are due, who holds them, and the verdict on an answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from services.routing.call_backs.domain import LEASE, CallBackState, Judged
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.http.pagination import Moment
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.contracts.event_types import parse
from shared.identity.person import Person

COUNTED_UP_TO: Final = 1000
_STATE: Final = (
    "call_at, due_at, attempts, not_reached, tried_at, caller, caller_unit, caller_subject, since, held_until"
)


class CallBackCandidate(NamedTuple):
    """A case whose citizen may be called now."""

    demand: Demand
    text: str
    state: CallBackState


def put_waiting(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert call-backs, each about a new answer."""
    writes.add(
        """
        INSERT INTO call_back (demand_id, jurisdiction, judged, had_part, call_at, due_at)
        SELECT demand_id, jurisdiction, judged, had_part, call_at, due_at FROM unnest($1::call_back_row[])
        ON CONFLICT (demand_id) DO UPDATE SET
            judged = excluded.judged, had_part = excluded.had_part, call_at = excluded.call_at,
            due_at = excluded.due_at, attempts = 0, not_reached = NULL, tried_at = NULL, caller = NULL,
            caller_unit = NULL, caller_subject = NULL, since = NULL, held_until = NULL
        """,
        rows,
    )


def put_failed_calls(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    """Store failed calls and when the next one is due; the calls are released."""
    writes.add(
        """
        INSERT INTO call_back (
            demand_id, jurisdiction, judged, had_part, call_at, due_at, attempts, not_reached, tried_at
        )
        SELECT demand_id, jurisdiction, judged, had_part, call_at, due_at, attempts, not_reached, tried_at
        FROM unnest($1::call_in_vain_row[])
        ON CONFLICT (demand_id) DO UPDATE SET
            judged = excluded.judged, call_at = excluded.call_at, due_at = excluded.due_at,
            attempts = excluded.attempts, not_reached = excluded.not_reached, tried_at = excluded.tried_at,
            held_until = NULL
        """,
        rows,
    )


def forget(writes: WriteBatch, demands: Sequence[UUID]) -> None:
    """Delete the call-backs of these demands."""
    if demands:
        writes.add("DELETE FROM call_back WHERE demand_id = ANY($1::uuid[])", list(demands))


def take(writes: WriteBatch, demand: Demand, by: Person, at: datetime) -> None:
    """Give the call to this person for the time of a lease; also a call that is in no list."""
    writes.add(
        """
        INSERT INTO call_back AS known (
            demand_id, jurisdiction, judged, had_part, caller, caller_unit, caller_subject, since, held_until
        ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (demand_id) DO UPDATE SET
            caller = excluded.caller, caller_unit = excluded.caller_unit, caller_subject = excluded.caller_subject,
            since = excluded.since, held_until = excluded.held_until
        """,
        demand.id,
        demand.jurisdiction,
        demand.version,
        [unit for unit in (demand.unit, *demand.assisting) if unit],
        by.name,
        by.unit,
        by.subject,
        at,
        at + LEASE,
    )


def put_back(writes: WriteBatch, demand: Demand) -> None:
    """Release the call."""
    writes.add("UPDATE call_back SET held_until = NULL WHERE demand_id = $1", demand.id)


async def state_of(db: Connection, demand: Demand) -> CallBackState:
    """The state of the call-back about the last answer of a case, with the verdict if there is one."""
    row = await db.fetchrow(f"SELECT {_STATE} FROM call_back WHERE demand_id = $1", demand.id)  # noqa: S608 (our own)
    state = CallBackState(**dict(row)) if row else CallBackState()
    return state.model_copy(update={"judged": await _judged(db, demand)})


async def _judged(db: Connection, demand: Demand) -> Judged | None:
    """The last verdict; None if it was on an earlier answer than the present one."""
    rows = await db.fetch(
        """
        SELECT type, time, payload FROM journal
        WHERE aggregateid = $1 AND split_part(type, '.', 2) IN ('verdict-given', 'resolved')
        UNION ALL
        SELECT type, time, payload FROM heard_fact
        WHERE demand_id = $1 AND split_part(type, '.', 2) IN ('verdict-given', 'confirmed', 'reopened', 'resolved')
        ORDER BY time DESC
        """,
        demand.id,
    )
    verdict: Judged | None = None
    for row in rows:
        fact = parse(row["type"], row["payload"])
        if isinstance(fact, f.DemandResolved):
            break
        assert isinstance(fact, f.VerdictGiven | f.DemandConfirmed | f.DemandReopened)
        verdict = Judged(at=row["time"], asked=fact.asked, entered_by=fact.entered_by)
    return verdict


async def waiting(
    db: Connection, jurisdiction: str, unit: str, now: datetime, after: Moment, limit: int
) -> tuple[list[CallBackCandidate], Moment | None]:
    """The cases whose citizens may be called by now, the longest waiting first, and where the next page begins. Cases
    in which this unit had a part are left out."""
    rows = await db.fetch(
        f"""
        SELECT demand.id, state::text AS state, coalesce(wording.text, '') AS text, {_STATE}
        FROM call_back JOIN demand ON demand.id = demand_id LEFT JOIN wording USING (demand_id)
        WHERE jurisdiction = $1 AND call_at <= $2 AND (call_at, demand_id) > ($3, $4) AND $5 <> ALL(had_part)
        ORDER BY call_at, demand_id LIMIT $6
        """,  # noqa: S608 (our own)
        jurisdiction,
        now,
        after.at,
        after.id,
        unit,
        limit + 1,
    )
    cases = []
    for row in rows[:limit]:
        state = {name: value for name, value in row.items() if name not in ("id", "state", "text")}
        cases.append(CallBackCandidate(Demand.model_validate_json(row["state"]), row["text"], CallBackState(**state)))
    last = rows[limit - 1] if len(rows) > limit else None
    return cases, Moment(last["call_at"], last["id"]) if last else None


async def count(db: Connection, jurisdiction: str, unit: str, now: datetime) -> int:
    """How many citizens may be called by now, counted up to `COUNTED_UP_TO`."""
    count: int = await db.fetchval(
        """
        SELECT count(*) FROM (
            SELECT FROM call_back WHERE jurisdiction = $1 AND call_at <= $2 AND $3 <> ALL(had_part) LIMIT $4
        ) AS few
        """,
        jurisdiction,
        now,
        unit,
        COUNTED_UP_TO,
    )
    return count
