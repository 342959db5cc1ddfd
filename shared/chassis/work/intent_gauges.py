"""Gauges of the queue of intents: how many wait and why, and how many failed or have an unknown outcome."""

from collections.abc import Sequence
from functools import partial

from shared.chassis.base import metrics
from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_queue import Waits
from shared.chassis.work.intents import IntentState
from shared.chassis.work.table_gauges import Rows, TableGauge


def of_intents(kind: str) -> Sequence[TableGauge]:
    """The gauges of the intents of one kind."""
    return (
        TableGauge((metrics.MESSAGES_WAITING, metrics.MESSAGES_OLDEST), partial(_waiting, kind)),
        TableGauge((metrics.MESSAGES_LOST,), partial(_lost, kind)),
    )


async def reasons(db: Connection, kind: str) -> Sequence[str]:
    """The different reasons why intents wait; `turn` if they only wait for their turn. It does not scan the queue."""
    rows = await db.fetch(
        """
        WITH RECURSIVE reason (why) AS (
            SELECT min(coalesce(waits, 'turn')) FROM intent WHERE kind = $1 AND state = 'pending'
            UNION ALL
            SELECT (
                SELECT min(coalesce(waits, 'turn')) FROM intent
                WHERE kind = $1 AND state = 'pending' AND coalesce(waits, 'turn') > why
            ) FROM reason WHERE why IS NOT NULL
        )
        SELECT why FROM reason WHERE why IS NOT NULL
        """,
        kind,
    )
    return [row["why"] for row in rows]


async def backlog(db: Connection, kind: str) -> Sequence[tuple[str, int, float]]:
    """For each reason: the number of waiting intents, and the age in seconds of the oldest that is due. At most
    `COUNTED_UP_TO` intents of each reason are read, not the whole queue."""
    rows = await db.fetch(
        """
        SELECT why, count(*) AS intents, extract(epoch FROM now() - min(created_at) FILTER (
            WHERE NOT (failures = 0 AND due_at > now() AND waits IS DISTINCT FROM 'hourly-limit')
        )) AS age
        FROM unnest($2::text[]) AS reason (why) CROSS JOIN LATERAL (
            SELECT created_at, failures, due_at, waits FROM intent
            WHERE kind = $1 AND state = 'pending' AND coalesce(waits, 'turn') = why ORDER BY position LIMIT $3
        ) AS waiting
        GROUP BY why
        """,
        kind,
        await reasons(db, kind),
        COUNTED_UP_TO,
    )
    return [(row["why"], row["intents"], float(row["age"] or 0)) for row in rows]


async def lost(db: Connection, kind: str) -> Sequence[tuple[IntentState, int, float]]:
    """For the states `failed` and `unknown`: the number of intents (at most `COUNTED_UP_TO`), and the age of the oldest
    in seconds."""
    rows = await db.fetch(
        """
        SELECT lost.state, count(created_at), extract(epoch FROM now() - min(created_at)) AS age
        FROM unnest($2::text[]) AS lost (state) LEFT JOIN LATERAL (
            SELECT created_at FROM intent WHERE (kind, intent.state) = ($1, lost.state)
                AND intent.state IN ('failed', 'unknown')  -- as its index is worded
            ORDER BY created_at LIMIT $3
        ) AS first ON true
        GROUP BY lost.state ORDER BY lost.state
        """,
        kind,
        [IntentState.FAILED, IntentState.UNKNOWN],
        COUNTED_UP_TO,
    )
    return [(IntentState(row["state"]), row["count"], float(row["age"] or 0)) for row in rows]


async def _waiting(kind: str, db: Connection) -> Rows:
    rows = await backlog(db, kind)
    absent = {"turn", *Waits} - {reason for reason, _, _ in rows}
    return [*rows, *((reason, 0, 0.0) for reason in absent)]


async def _lost(kind: str, db: Connection) -> Rows:
    return [(state, count) for state, count, _ in await lost(db, kind)]
