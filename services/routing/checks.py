"""What the doctor asks routing: what waits for a person."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from shared.chassis.base.clock import now
from shared.chassis.base.findings import Finding, Words, ago, counted, ok, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck

PATIENCE: Final = timedelta(days=1)
"""How long a demand may wait for a dispatcher before it is named."""


async def triage(db: Connection) -> Sequence[Finding]:
    """Demands that a person must dispatch, and since when the one that waits longest."""
    row = await db.fetchrow(
        """
        SELECT count(*), min(moment(state ->> 'updated_at')) AS oldest FROM demand WHERE triage_in IS NOT NULL
        """
    )
    assert row
    subject, count = Words("triage", "人工派单"), row["count"]
    waiting = Words(f"{counted(count, 'demand waits', 'demands wait')} for a dispatcher", f"{count:,} 件诉求等待派单")
    if row["oldest"] is None or now() - row["oldest"] < PATIENCE:
        return [ok(Words(f"{subject.en}: {waiting.en}", f"{subject.zh}：{waiting.zh}"))]
    oldest = ago(row["oldest"])
    wrong = Words(f"{waiting.en}, the oldest came {oldest.en}", f"{waiting.zh}，最早的在{oldest.zh}转来")
    step = Words(
        "a dispatcher of the coordinator sends them on at /desk/triage", "请统筹单位派单员在 /desk/triage 派单"
    )
    return [warning(subject, wrong, step)]


async def overdue(db: Connection) -> Sequence[Finding]:
    """Open demands whose due time is over while their clocks run."""
    row = await db.fetchrow(
        """
        SELECT count(*), min((state ->> 'due_at')::timestamptz) AS oldest FROM demand
        WHERE open_unit IS NOT NULL AND status IN ('routed', 'accepted', 'in_progress') AND NOT is_paused
            AND (state ->> 'due_at')::timestamptz < now()
        """
    )
    assert row
    if not row["count"]:
        return [ok(Words("due times: no open demand is overdue", "办理时限：没有逾期的诉求"))]
    oldest = ago(row["oldest"])
    wrong = Words(
        f"{counted(row['count'], 'open demand is', 'open demands are')} overdue, the oldest was due {oldest.en}",
        f"{row['count']:,} 件诉求已逾期，最久的在{oldest.zh}到期",
    )
    step = Words("/desk/overview names the units", "在 /desk/overview 查看是哪些单位")
    return [warning(Words("due times", "办理时限"), wrong, step)]


CHECKS: Final = (DoctorCheck("triage", triage), DoctorCheck("overdue", overdue))
