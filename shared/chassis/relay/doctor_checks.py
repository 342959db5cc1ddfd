"""The doctor's check of the relays of any service: whether they have sent the journal."""

from collections.abc import Sequence
from typing import Final

from shared.chassis.base.findings import COUNTED_UP_TO, Finding, Words, broken, counted, figure, seconds_ago
from shared.chassis.database.pool import Connection

# The facts after the cursor of each shard for this cluster; a shard without a cursor has sent nothing. If the broker
# is away, its cluster id is unknown: take the cluster that a relay reached last.
_UNSENT: Final = """
    SELECT count(*), extract(epoch FROM now() - min(recorded_at))::float8 AS seconds
    FROM generate_series(0, $2::integer - 1) AS shard
    LEFT JOIN relay_cursor AS sent ON (sent.shards, sent.shard) = ($2, shard.shard) AND sent.cluster_id
        = coalesce($1, (SELECT cluster_id FROM relay_cursor ORDER BY moved_at DESC LIMIT 1))
    CROSS JOIN LATERAL (
        SELECT recorded_at FROM journal WHERE journal.position > coalesce(sent.position, 0)
            AND ($2 = 1 OR abs(hashtext(journal.aggregateid::text)::bigint) % $2 = shard.shard)
        ORDER BY position LIMIT $3
    ) AS unsent
    WHERE recorded_at < now() - interval '1 minute'
"""


async def unsent(db: Connection, service: str, cluster_id: str | None, shards: int | None) -> Sequence[Finding]:
    """A finding about facts that no relay has sent to this cluster within a minute; empty if there are none.

    Without `cluster_id` it checks the cluster that a relay reached last. `shards` is the number of parts of the
    journal; None: the number that was used last.
    """
    if shards is None:
        shards = await db.fetchval("SELECT shards FROM relay_cursor ORDER BY moved_at DESC LIMIT 1") or 1
    row = await db.fetchrow(_UNSENT, cluster_id, shards, COUNTED_UP_TO)
    assert row
    if not row["count"]:
        return []
    oldest = seconds_ago(row["seconds"])
    problem = Words(
        f"{counted(row['count'], 'fact', 'facts')} of {service} not sent to the broker, the oldest {oldest.en}",
        f"{service} 有 {figure(row['count'])} 条事实未发送到 Kafka，最早的在{oldest.zh}",
    )
    return [
        broken(
            Words("relay", "发送"), problem, Words("check whether the broker can be reached", "请确认 Kafka 可以访问")
        )
    ]
