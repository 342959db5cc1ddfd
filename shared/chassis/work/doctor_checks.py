"""The doctor's check of the timers of any service: whether they run when they are due."""

from collections.abc import Sequence

from shared.chassis.base.findings import COUNTED_UP_TO, Finding, Words, counted, figure, seconds_ago, warning
from shared.chassis.database.pool import Connection


async def late_timers(db: Connection, service: str) -> Sequence[Finding]:
    """A warning about timers that are more than a minute late or have failed; empty if there are none."""
    row = await db.fetchrow(
        """
        SELECT count(*), extract(epoch FROM now() - min(at))::float8 AS seconds,
            count(*) FILTER (WHERE attempts > 0) AS failing
        FROM (
            (SELECT at, attempts FROM timer WHERE attempts > 0 ORDER BY at LIMIT $1)
            UNION ALL
            SELECT at, attempts FROM (
                SELECT at, attempts FROM timer WHERE due_at < now() - interval '1 minute' ORDER BY due_at LIMIT $1
            ) AS due WHERE attempts = 0
        ) AS late
        """,
        COUNTED_UP_TO,
    )
    assert row
    if not row["count"]:
        return []
    worker, oldest = f"{service}-worker", seconds_ago(row["seconds"])
    problem = Words(
        f"{counted(row['count'], 'timer is', 'timers are')} late, the oldest was due {oldest.en}",
        f"{figure(row['count'])} 个定时任务延迟，最早的应在{oldest.zh}执行",
    )
    step = Words(f"check whether {worker} runs", f"请确认 {worker} 在运行")
    if row["failing"]:
        problem = Words(
            f"{problem.en}; {figure(row['failing'])} failed", f"{problem.zh}；其中 {figure(row['failing'])} 个失败"
        )
        step = Words(f"the reason is in the log of {worker}", f"原因见 {worker} 的日志")
    return [warning(Words(f"timers of {service}", f"{service} 的定时任务"), problem, step)]
