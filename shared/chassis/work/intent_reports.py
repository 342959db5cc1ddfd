"""What is learnt of intents after they were handed over: reports of gateways, and what a person decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.chassis.base import metrics
from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_outcomes import Ended, tell
from shared.chassis.work.intent_queue import INTENT, intent_of
from shared.chassis.work.intents import IntentKind, State


@dataclass(frozen=True, slots=True)
class Report:
    """What a gateway reports of one intent, by our id or by its own reference.

    `state` is `SENT` (the gateway has it), `DELIVERED` or `FAILED`, the last with its cause.
    """

    gateway: str
    id: UUID | None
    reference: str
    state: State
    cause: str = ""


_OPEN = (State.SENDING, State.SENT, State.UNKNOWN)
"""States that a report may still change; a pending one that was tried before too, since then it went out after all."""


async def take_report(db: Connection, kind: IntentKind[Any], report: Report, at: datetime) -> bool:
    """Take a report, within the transaction of the caller; False where it is of no intent that we know.

    A report that comes again, or too late, changes nothing. The journal tells what nobody had told before: that an
    intent of unknown outcome went out, or that one did not arrive.
    """
    row = await _locked(db, kind.name, report)
    if row is None:
        return False
    before, attempt = State(row["state"]), row["attempts"]
    tried = before is State.PENDING and attempt > 0 and report.state is not State.FAILED
    if (before not in _OPEN and not tried) or before is report.state:
        return True
    cause = kind.mask(f"reported by the gateway: {report.cause}") if report.state is State.FAILED else None
    await db.execute(
        """
        UPDATE intent SET state = $2, cause = $3, finished_at = coalesce(finished_at, now()), waits = NULL,
            recipient = NULL WHERE id = $1
        """,
        row["id"],
        report.state,
        cause,
    )
    metrics.MESSAGES.labels(report.state).inc()
    if before is not State.SENT or report.state is State.FAILED:
        state = State.FAILED if report.state is State.FAILED else State.SENT
        await tell(db, kind, [Ended(intent_of(row), attempt, state, cause, report.gateway)], at)
    return True


async def _locked(db: Connection, kind: str, report: Report) -> asyncpg.Record | None:
    where = "id = $2" if report.id else "via = $3 AND reference = $2"
    rows = await db.fetch(
        f"SELECT {INTENT}, state, attempts FROM intent WHERE kind = $1 AND (via = $3 OR via IS NULL) AND {where}"  # noqa: S608
        " FOR UPDATE",
        kind,
        report.id or report.reference,
        report.gateway,
    )
    return rows[0] if rows else None


async def try_again(db: Connection, kind: str, id: UUID, although_unknown: bool = False) -> bool:
    """Let an intent be sent once more, for a person decided so; whether it was one that did not go out, or of which
    nobody knows and the person takes the risk."""
    states = [State.FAILED, State.SKIPPED, State.CANCELLED, *([State.UNKNOWN] if although_unknown else [])]
    done = await db.execute(
        """
        UPDATE intent SET state = 'pending', due_at = now(), waits = NULL, finished_at = NULL, failures = 0, via = NULL
        WHERE kind = $1 AND id = $2
            AND (state = ANY($3) OR (state = 'pending' AND waits IS DISTINCT FROM 'hourly-limit'))
        """,
        kind,
        id,
        states,
    )
    return bool(done == "UPDATE 1")


async def doubt(db: Connection, kind: IntentKind[Any], due_before: datetime, cause: str, at: datetime) -> int:
    """End every intent as unknown that waits and was due by then, since it may have gone out without a trace; the
    journal tells it. Returns how many."""
    rows = await db.fetch(
        f"""
        UPDATE intent SET state = 'unknown', cause = $3, finished_at = now(), waits = NULL, recipient = NULL,
            attempts = attempts + 1
        WHERE kind = $1 AND state = 'pending' AND due_at <= $2 RETURNING {INTENT}, attempts, via
        """,  # noqa: S608 (a constant)
        kind.name,
        due_before,
        cause,
    )
    doubted = [Ended(intent_of(row), row["attempts"], State.UNKNOWN, cause, row["via"] or "") for row in rows]
    await tell(db, kind, doubted, at)
    metrics.MESSAGES.labels(State.UNKNOWN).inc(len(doubted))
    return len(doubted)


async def cancel(db: Connection, kind: IntentKind[Any], id: UUID, cause: str, at: datetime) -> bool:
    """Never send an intent that waits, or settle one of which nobody knows if it went out; the journal tells it."""
    row = await db.fetchrow(
        f"""
        UPDATE intent SET state = 'cancelled', cause = $3, finished_at = now(), waits = NULL, recipient = NULL
        WHERE kind = $1 AND id = $2 AND state IN ('pending', 'unknown', 'failed') RETURNING {INTENT}, attempts, via
        """,  # noqa: S608 (a constant)
        kind.name,
        id,
        cause,
    )
    if row is None:
        return False
    ended = Ended(intent_of(row), row["attempts"], State.CANCELLED, cause, row["via"] or "")
    await tell(db, kind, [ended], at)
    return True
