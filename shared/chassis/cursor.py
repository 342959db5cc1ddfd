"""How far each shard of a journal has been sent, for each broker that was ever seen."""

from dataclasses import dataclass

from shared.chassis.database import Connection


@dataclass(frozen=True, slots=True)
class Shard:
    """One of so many parts of a journal."""

    number: int = 0
    of: int = 1


async def begin(db: Connection, cluster_id: str, shard: Shard) -> int | None:
    """Everything up to this position was sent; None to a broker that was never seen.

    Another number of shards than before begins where the slowest of those was.
    """
    known: int | None = await db.fetchval(
        "SELECT position FROM relay_cursor WHERE (cluster_id, shards, shard) = ($1, $2, $3)",
        cluster_id,
        shard.of,
        shard.number,
    )
    if known is None:
        known = await _slowest(db, cluster_id, shard.of)
        await move(db, cluster_id, shard, known or 0, 0)
    return known


async def _slowest(db: Connection, cluster_id: str, other_than: int) -> int | None:
    """Of as many shards as there were before; the beginning, where one of them never began."""
    position: int | None = await db.fetchval(
        """
        SELECT CASE WHEN count(*) = max(shards) THEN min(position) WHEN count(*) > 0 THEN 0 END FROM relay_cursor
        WHERE cluster_id = $1 AND shards = (
            SELECT shards FROM relay_cursor WHERE cluster_id = $1 AND shards <> $2 ORDER BY moved_at DESC LIMIT 1
        )
        """,
        cluster_id,
        other_than,
    )
    return position


async def move(db: Connection, cluster_id: str, shard: Shard, position: int, sent: int) -> None:
    """Remember that everything up to `position` was sent, `sent` facts more than before."""
    await db.execute(
        """
        INSERT INTO relay_cursor AS known (cluster_id, shards, shard, position, sent) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (cluster_id, shards, shard) DO UPDATE SET
            position = excluded.position, sent = known.sent + excluded.sent, moved_at = now()
        """,
        cluster_id,
        shard.of,
        shard.number,
        position,
        sent,
    )


async def backlog(db: Connection, shard: Shard) -> float:
    """Age in seconds of the first fact behind the cursor that moved last; 0 where all was sent."""
    age = await db.fetchval(
        """
        SELECT extract(epoch FROM now() - recorded_at) FROM journal
        WHERE position > coalesce((SELECT position FROM relay_cursor
            WHERE (shards, shard) = ($1, $2) ORDER BY moved_at DESC LIMIT 1), 0)
        ORDER BY position LIMIT 1
        """,
        shard.of,
        shard.number,
    )
    return float(age or 0)
