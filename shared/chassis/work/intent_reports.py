"""Changes the state of intents after they were handed over: by reports of gateways, and by decisions of people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from shared.chassis.base import metrics
from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_outcomes import Ended, record_facts
from shared.chassis.work.intent_queue import INTENT, intent_of
from shared.chassis.work.intents import IntentKind, IntentState


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """A gateway's report about one intent, identified by our id or by the gateway's own reference.

    `state` is `SENT` (the gateway has it), `DELIVERED`, or `FAILED` with a cause.
    """

    gateway: str
    id: UUID | None
    reference: str
    state: IntentState
    cause: str = ""


_OPEN = (IntentState.SENDING, IntentState.SENT, IntentState.UNKNOWN)
"""States that a report may change. It may also change a pending intent that was tried before: that one went out."""


async def take_report(db: Connection, kind: IntentKind[Any], report: DeliveryReport, at: datetime) -> bool:
    """Apply a report, in the caller's transaction; returns False if the intent is not known.

    A repeated or late report changes nothing. The journal records only news: that an intent with unknown outcome was
    sent, or that an intent did not arrive.
    """
    row = await _locked(db, kind.name, report)
    if row is None:
        return False
    before, attempt = IntentState(row["state"]), row["attempts"]
    tried = before is IntentState.PENDING and attempt > 0 and report.state is not IntentState.FAILED
    if (before not in _OPEN and not tried) or before is report.state:
        return True
    cause = kind.mask(f"reported by the gateway: {report.cause}") if report.state is IntentState.FAILED else None
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
    if before is not IntentState.SENT or report.state is IntentState.FAILED:
        state = IntentState.FAILED if report.state is IntentState.FAILED else IntentState.SENT
        await record_facts(db, kind, [Ended(intent_of(row), attempt, state, cause, report.gateway)], at)
    return True


async def _locked(db: Connection, kind: str, report: DeliveryReport) -> asyncpg.Record | None:
    condition = "id = $2" if report.id else "via = $3 AND reference = $2"
    rows = await db.fetch(
        f"SELECT {INTENT}, state, attempts FROM intent WHERE kind = $1 AND (via = $3 OR via IS NULL) AND {condition}"  # noqa: S608
        " FOR UPDATE",
        kind,
        report.id or report.reference,
        report.gateway,
    )
    return rows[0] if rows else None


async def try_again(db: Connection, kind: str, id: UUID, although_unknown: bool = False) -> bool:
    """Make an intent pending again because a person decided so; returns whether its state allowed it.

    With `although_unknown`, this includes an intent of unknown outcome: the person accepts that it may be sent twice.
    """
    states = [
        IntentState.FAILED,
        IntentState.SKIPPED,
        IntentState.CANCELLED,
        *([IntentState.UNKNOWN] if although_unknown else []),
    ]
    result = await db.execute(
        """
        UPDATE intent SET state = 'pending', due_at = now(), waits = NULL, finished_at = NULL, failures = 0, via = NULL
        WHERE kind = $1 AND id = $2
            AND (state = ANY($3) OR (state = 'pending' AND waits IS DISTINCT FROM 'hourly-limit'))
        """,
        kind,
        id,
        states,
    )
    return bool(result == "UPDATE 1")


async def doubt(db: Connection, kind: IntentKind[Any], due_before: datetime, cause: str, at: datetime) -> int:
    """End all pending intents that were due before `due_before` with the state `unknown`, and record facts about them.

    For a restored backup: they may have been sent after it was made. Returns how many.
    """
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
    doubted = [Ended(intent_of(row), row["attempts"], IntentState.UNKNOWN, cause, row["via"] or "") for row in rows]
    await record_facts(db, kind, doubted, at)
    metrics.MESSAGES.labels(IntentState.UNKNOWN).inc(len(doubted))
    return len(doubted)


async def cancel(db: Connection, kind: IntentKind[Any], id: UUID, cause: str, at: datetime) -> bool:
    """Cancel an intent that is pending, failed or of unknown outcome, and record a fact about it; returns whether its
    state allowed it."""
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
    ended = Ended(intent_of(row), row["attempts"], IntentState.CANCELLED, cause, row["via"] or "")
    await record_facts(db, kind, [ended], at)
    return True
