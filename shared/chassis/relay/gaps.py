"""Reads the rows of a journal that were not sent yet, including rows whose transactions commit late.

A row takes its position when it is inserted, and becomes visible when its transaction commits. So a row with a higher
position may be visible first; the missing positions below it are gaps, and are read again. A gap closes when its row
is visible, or when every transaction that may have taken the position has ended without a row there.
`journal.append` gives a transaction its id before it takes a position. So a transaction that can fill a gap has a
lower id than any transaction that begins after the gap was noticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.chassis.aggregates import journal
from shared.chassis.database.pool import Connection
from shared.chassis.relay.relay_cursor import Shard

PAGE: Final = 2000

# Rows of other shards are read without payload, only to know that their positions are not gaps.
_READ: Final = f"""
    SELECT position, mine, {journal.COLUMNS.replace("payload", "CASE WHEN mine THEN payload END AS payload")}
    FROM (
        SELECT *, ($3 = 1 OR abs(hashtext(aggregateid::text)) % $3 = $4) AS mine
        FROM (
            (SELECT * FROM journal WHERE position > $1 ORDER BY position LIMIT {PAGE})
            UNION ALL SELECT * FROM journal WHERE position = ANY($2::bigint[])
        ) AS page
        ORDER BY position LIMIT {PAGE}
    ) AS unsent
"""  # noqa: S608 (constants)
_OLDEST_RUNNING: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# A new transaction id. `pg_snapshot_xmax` would not do: it follows the last *ended* transaction, and transactions that
# run have higher ids.
_NEXT_ID: Final = "SELECT pg_current_xact_id()::text::bigint"


@dataclass(slots=True)
class GapTracker:
    """The state of one shard in a journal: the highest position seen, and the gaps below it."""

    shard: Shard
    seen: int = 0
    gaps: dict[int, int] = field(default_factory=dict)
    """For each missing position, a transaction id: only transactions with lower ids can fill the gap."""
    more: bool = False
    """Whether the last page was full."""

    @property
    def settled(self) -> int:
        """The last position without a gap before it: every row up to it was read, or will never exist."""
        return min(self.gaps, default=self.seen + 1) - 1

    async def read(self, db: Connection) -> Sequence[Any]:
        """The next rows of this shard (possibly none); the rows of each aggregate are in the order of its sequence."""
        oldest_running = await db.fetchval(_OLDEST_RUNNING) if self.gaps else 0
        rows = await db.fetch(_READ, self.seen, list(self.gaps), self.shard.of, self.shard.number)
        self.more = len(rows) == PAGE
        for row in rows:
            self.gaps.pop(row["position"], None)
        self.gaps = {position: limit for position, limit in self.gaps.items() if limit > oldest_running}
        await self._add_gaps(db, {row["position"] for row in rows})
        return [row for row in rows if row["mine"]]

    async def _add_gaps(self, db: Connection, positions: set[int]) -> None:
        last = max(positions, default=0)
        missing = [position for position in range(self.seen + 1, last) if position not in positions]
        if missing:
            limit = await db.fetchval(_NEXT_ID)
            self.gaps |= dict.fromkeys(missing, limit)
        self.seen = max(self.seen, last)
