"""Gauges of the tables that every service has: journal, dead letters, parked facts and timers."""

from collections.abc import Sequence
from functools import partial

from shared.chassis.base import metrics
from shared.chassis.base.findings import COUNTED_UP_TO
from shared.chassis.consumer import dead_letters, inbox
from shared.chassis.database.pool import Connection
from shared.chassis.relay import relay_cursor
from shared.chassis.work.table_gauges import Rows, TableGauge


def gauges_of_service(service: str, shards: int) -> Sequence[TableGauge]:
    """The gauges of a service; `shards`: in how many parts its journal is sent."""
    return (
        TableGauge((metrics.UNSENT,), partial(_unsent, service, shards)),
        TableGauge((metrics.DEAD_LETTERS, metrics.DEAD_LETTERS_OLDEST), partial(_dead_letters, service)),
        TableGauge((metrics.PARKED, metrics.PARKED_OLDEST), partial(_parked, service)),
        TableGauge((metrics.TIMERS_DUE, metrics.TIMERS_LATE), partial(_timers, service)),
    )


async def _unsent(service: str, shards: int, db: Connection) -> Rows:
    return [(service, str(shard), number) for shard, number in await relay_cursor.unsent(db, shards, COUNTED_UP_TO)]


async def _dead_letters(service: str, db: Connection) -> Rows:
    return [(service, *await dead_letters.backlog(db))]


async def _parked(service: str, db: Connection) -> Rows:
    streams = await inbox.parked_backlog(db)
    oldest = max((stream.seconds for stream in streams), default=0.0)
    return [(service, sum(stream.facts for stream in streams), oldest)]


async def _timers(service: str, db: Connection) -> Rows:
    """The number of timers that are due and have not run, and the age of the oldest in seconds."""
    row = await db.fetchrow(
        """
        SELECT count(*), extract(epoch FROM now() - min(due_at))
        FROM (SELECT due_at FROM timer WHERE due_at <= now() ORDER BY due_at LIMIT $1) AS due
        """,
        COUNTED_UP_TO,
    )
    assert row
    return [(service, *row)]
