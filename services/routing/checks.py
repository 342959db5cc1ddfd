"""What `huying doctor` asks routing: what waits for a person."""

from collections.abc import Sequence
from typing import Final

from shared.chassis.base.findings import Finding, ago, counted, ok, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck


async def triage(db: Connection) -> Sequence[Finding]:
    """Demands that a person must dispatch."""
    count = await db.fetchval("SELECT count(*) FROM demand WHERE status = 'triage'")
    return [ok(f"triage: {counted(count, 'demand waits', 'demands wait')} for a dispatcher")]


async def overdue(db: Connection) -> Sequence[Finding]:
    """Open demands whose due time is over while their clocks run."""
    row = await db.fetchrow(
        """
        SELECT count(*), min((state ->> 'due_at')::timestamptz) AS oldest FROM demand
        WHERE status IN ('routed', 'accepted', 'in_progress') AND NOT state ? 'paused_at'
            AND (state ->> 'due_at')::timestamptz < now()
        """
    )
    assert row
    if not row["count"]:
        return [ok("due times: no open demand is overdue")]
    words = f"{counted(row['count'], 'open demand is', 'open demands are')} overdue"
    return [warning("due times", f"{words}, the oldest was due {ago(row['oldest'])}")]


async def timers(db: Connection) -> Sequence[Finding]:
    """Timers that should have run a minute ago: the worker is away, is behind, or they fail."""
    row = await db.fetchrow(
        """
        SELECT count(*), min(at) AS oldest, count(*) FILTER (WHERE attempts > 0) AS failing FROM timer
        WHERE due_at < now() - interval '1 minute' OR attempts > 0
        """
    )
    assert row
    if not row["count"]:
        return [ok("timers: none is late")]
    words = f"{counted(row['count'], 'timer is', 'timers are')} late, the oldest was due {ago(row['oldest'])}"
    if row["failing"]:
        return [warning("timers", f"{words}; {row['failing']:,} failed: routing-worker's log says why")]
    return [warning("timers", f"{words}: is routing-worker running?")]


CHECKS: Final = (DoctorCheck("triage", triage), DoctorCheck("overdue", overdue), DoctorCheck("timers", timers))
