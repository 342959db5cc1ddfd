"""What is counted of a queue of intents: what waits and why, and what somebody must look at."""

from collections.abc import Sequence
from functools import partial

from shared.chassis.base import metrics
from shared.chassis.database.pool import Connection
from shared.chassis.work import intent_queue
from shared.chassis.work.intent_queue import Waits
from shared.chassis.work.intents import State
from shared.chassis.work.table_gauges import COUNTED_UP_TO, Rows, TableGauge


def of_intents(kind: str) -> Sequence[TableGauge]:
    """The questions to the queue of intents of this kind."""
    return (
        TableGauge((metrics.MESSAGES_WAITING, metrics.MESSAGES_OLDEST), partial(_waiting, kind)),
        TableGauge((metrics.MESSAGES_LOST,), partial(_lost, kind)),
    )


async def _waiting(kind: str, db: Connection) -> Rows:
    backlog = await intent_queue.backlog(db, kind)
    reasons = {"turn", *Waits} - {why for why, _, _ in backlog}
    return [*backlog, *((why, 0, 0.0) for why in reasons)]


async def _lost(kind: str, db: Connection) -> Rows:
    return await db.fetch(
        """
        SELECT state, (SELECT count(*) FROM (
            SELECT FROM intent WHERE (kind, intent.state) = ($1, lost.state)
                AND intent.state IN ('failed', 'unknown')  -- as its index is worded
            LIMIT $3
        ) AS few)
        FROM unnest($2::text[]) AS lost (state)
        """,
        kind,
        [State.FAILED, State.UNKNOWN],
        COUNTED_UP_TO,
    )
