"""What `huying doctor` asks intake: whether somebody takes up what it has taken in."""

from collections.abc import Sequence
from typing import Final

from shared.chassis.base.findings import Finding, ago, broken, counted, ok
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck


async def unrouted(db: Connection) -> Sequence[Finding]:
    """Demands that were taken in over a minute ago, and of which intake has not heard that they were routed or sent to
    triage. Intake follows every demand, so its own copy tells what routing did."""
    row = await db.fetchrow(
        """
        SELECT count(*), min(submission.recorded_at) AS oldest
        FROM submission LEFT JOIN demand USING (id)
        WHERE submission.recorded_at < now() - interval '1 minute'
            AND coalesce(demand.state ->> 'status', 'submitted') IN ('submitted', 'returned', 'reopened')
            AND coalesce(demand.state ->> 'imported', 'false') <> 'true'
        """
    )
    assert row
    if not row["count"]:
        return [ok("routing: every demand was routed or sent to triage")]
    words = f"{counted(row['count'], 'demand waits', 'demands wait')} to be routed, the oldest {ago(row['oldest'])}"
    return [broken("routing", f"{words}: do routing-worker and intake-worker run, and is there a dead letter?")]


async def unnumbered(db: Connection) -> Sequence[Finding]:
    """Facts of which channels do not hear since they have no place among the events."""
    row = await db.fetchrow(
        """
        SELECT count(*), min(recorded_at) AS oldest FROM event_pending WHERE recorded_at < now() - interval '1 minute'
        """
    )
    assert row
    if not row["count"]:
        return [ok("events: every fact has its place among those of channels")]
    words = f"{counted(row['count'], 'fact waits', 'facts wait')} for a place among the events of channels"
    return [broken("events", f"{words}, the oldest {ago(row['oldest'])}: does intake-worker run?")]


CHECKS: Final = (DoctorCheck("unrouted", unrouted), DoctorCheck("unnumbered", unnumbered))
