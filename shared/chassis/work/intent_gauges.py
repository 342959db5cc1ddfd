"""What is counted of a queue of intents: what waits and why, and what somebody must look at."""

from collections.abc import Sequence
from functools import partial

from shared.chassis.base import metrics
from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.database.pool import Connection
from shared.chassis.work.intent_queue import Waits
from shared.chassis.work.intents import State
from shared.chassis.work.table_gauges import Rows, TableGauge


def of_intents(kind: str) -> Sequence[TableGauge]:
    """The questions to the queue of intents of this kind."""
    return (
        TableGauge((metrics.MESSAGES_WAITING, metrics.MESSAGES_OLDEST), partial(_waiting, kind)),
        TableGauge((metrics.MESSAGES_LOST,), partial(_lost, kind)),
    )


async def reasons(db: Connection, kind: str) -> Sequence[str]:
    """Why intents wait: each reason once, `turn` where there is none but their turn. The queue is not read for it."""
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
    """How many intents wait, by why, each with the age in seconds of the oldest that does not wait for its time. Of
    each reason only the first are looked at: a queue that is long is not read as a whole."""
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


async def lost(db: Connection, kind: str) -> Sequence[tuple[State, int, float]]:
    """Of intents that failed and of those of unknown outcome: how many there are, up to `COUNTED_UP_TO`, and the age of
    the oldest in seconds."""
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
        [State.FAILED, State.UNKNOWN],
        COUNTED_UP_TO,
    )
    return [(State(row["state"]), row["count"], float(row["age"] or 0)) for row in rows]


async def _waiting(kind: str, db: Connection) -> Rows:
    found = await backlog(db, kind)
    reasons = {"turn", *Waits} - {why for why, _, _ in found}
    return [*found, *((why, 0, 0.0) for why in reasons)]


async def _lost(kind: str, db: Connection) -> Rows:
    return [(state, count) for state, count, _ in await lost(db, kind)]
