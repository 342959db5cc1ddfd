"""What of a journal was not sent yet, whoever commits late: positions that are missing are looked for again.

A position is taken when a row is written and seen when its transaction commits, so that a later one may be seen
first. Those between are gaps. A gap closes when its row is seen, or when every transaction that could have taken it
has ended without showing it. `journal.append` gives a transaction its id before it takes a position; so whatever
transaction may fill a gap has a lower id than one that begins when the gap is noticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.chassis.aggregates import journal
from shared.chassis.database.pool import Connection
from shared.chassis.relay.relay_cursor import Shard

PAGE: Final = 2000

# Rows of other shards tell that their positions are no gaps, and nothing else.
_READ: Final = f"""
    SELECT position, mine, {journal.COLUMNS.replace("payload", "CASE WHEN mine THEN payload END AS payload")}
    FROM (
        SELECT *, ($3 = 1 OR abs(hashtext(aggregateid::text)) % $3 = $4) AS mine
        FROM (
            (SELECT * FROM journal WHERE position > $1 ORDER BY position LIMIT {PAGE})
            UNION ALL SELECT * FROM journal WHERE position = ANY($2::bigint[])
        ) AS told
        ORDER BY position LIMIT {PAGE}
    ) AS unsent
"""  # noqa: S608 (constants)
_ENDED: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
# A number of its own: the end of a snapshot is where the last *ended* transaction was, and others may be beyond.
_BEGUN: Final = "SELECT pg_current_xact_id()::text::bigint"


@dataclass(slots=True)
class GapTracker:
    """One shard's place in a journal: the highest position seen, and the gaps below it."""

    shard: Shard
    seen: int = 0
    gaps: dict[int, int] = field(default_factory=dict)
    """By position, the transaction before which whoever takes it must have begun."""
    more: bool = False
    """Whether the last page was full."""

    @property
    def settled(self) -> int:
        """Everything up to this position was sent or will never be."""
        return min(self.gaps, default=self.seen + 1) - 1

    async def read(self, db: Connection) -> Sequence[Any]:
        """The next rows of this shard, each aggregate's in the order of its sequence; may be none."""
        ended = await db.fetchval(_ENDED) if self.gaps else 0
        rows = await db.fetch(_READ, self.seen, list(self.gaps), self.shard.of, self.shard.number)
        self.more = len(rows) == PAGE
        for row in rows:
            self.gaps.pop(row["position"], None)
        self.gaps = {position: begun for position, begun in self.gaps.items() if begun > ended}
        await self._notice(db, {row["position"] for row in rows})
        return [row for row in rows if row["mine"]]

    async def _notice(self, db: Connection, found: set[int]) -> None:
        last = max(found, default=0)
        fresh = [position for position in range(self.seen + 1, last) if position not in found]
        if fresh:
            begun = await db.fetchval(_BEGUN)
            self.gaps |= dict.fromkeys(fresh, begun)
        self.seen = max(self.seen, last)
