"""What the doctor asks about the timers of any service: whether they run when they are due."""

from collections.abc import Sequence

from shared.chassis.base.findings import Finding, Words, ago, counted, warning
from shared.chassis.database.pool import Connection


async def late_timers(db: Connection, service: str) -> Sequence[Finding]:
    """Timers that should have run a minute ago: the worker is away, is behind, or they fail. Nothing where none is
    late."""
    row = await db.fetchrow(
        """
        SELECT count(*), min(at) AS oldest, count(*) FILTER (WHERE attempts > 0) AS failing FROM (
            SELECT at, attempts FROM timer WHERE attempts > 0
            UNION ALL
            SELECT at, attempts FROM timer WHERE attempts = 0 AND due_at < now() - interval '1 minute'
        ) AS late
        """
    )
    assert row
    if not row["count"]:
        return []
    worker, oldest = f"{service}-worker", ago(row["oldest"])
    wrong = Words(
        f"{counted(row['count'], 'timer is', 'timers are')} late, the oldest was due {oldest.en}",
        f"{row['count']:,} 个定时任务延迟，最早的应在{oldest.zh}执行",
    )
    step = Words(f"is {worker} running?", f"请确认 {worker} 在运行")
    if row["failing"]:
        wrong = Words(f"{wrong.en}; {row['failing']:,} failed", f"{wrong.zh}；其中 {row['failing']:,} 个失败")
        step = Words(f"{worker}'s log says why", f"原因见 {worker} 的日志")
    return [warning(Words(f"timers of {service}", f"{service} 的定时任务"), wrong, step)]
