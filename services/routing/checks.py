"""The checks of routing for `huying doctor`: demands that wait for a person."""

from collections.abc import Sequence
from typing import Final

from services.routing.cases import overview_queries
from shared.chassis.base.findings import Finding, Words, counted, figure, ok, seconds_ago, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck

PATIENCE: Final = 86_400.0
"""Seconds that a demand may wait for a dispatcher before the check names it."""


async def triage(db: Connection) -> Sequence[Finding]:
    """A finding for the demands that a person must dispatch, with the waiting time of the first one."""
    jurisdictions = await overview_queries.in_triage(db)
    count = sum(triage_of_one.waiting for triage_of_one in jurisdictions)
    seconds = max((triage_of_one.seconds for triage_of_one in jurisdictions), default=0.0)
    subject = Words("triage", "人工派单")
    waiting = Words(
        f"{counted(count, 'demand waits', 'demands wait')} for a dispatcher", f"{figure(count)} 件诉求等待派单"
    )
    if seconds < PATIENCE:
        return [ok(Words(f"{subject.en}: {waiting.en}", f"{subject.zh}：{waiting.zh}"))]
    oldest = seconds_ago(seconds)
    wrong = Words(f"{waiting.en}, the oldest came {oldest.en}", f"{waiting.zh}，最早的在{oldest.zh}转来")
    step = Words(
        "a dispatcher of the coordinator must route them at /desk/triage", "请统筹单位派单员在 /desk/triage 派单"
    )
    return [warning(subject, wrong, step)]


async def overdue(db: Connection) -> Sequence[Finding]:
    """A finding for the open demands that are overdue and not paused, as the worker counted them within the last
    minute."""
    loads = await overview_queries.loads(db)
    count = sum(load.overdue for load in loads)
    if not count:
        return [ok(Words("due times: no open demand is overdue", "办理时限：没有逾期的诉求"))]
    oldest = seconds_ago(max(load.overdue_seconds for load in loads))
    wrong = Words(
        f"{count:,} open {'demand is' if count == 1 else 'demands are'} overdue, the oldest was due {oldest.en}",
        f"{count:,} 件诉求已逾期，最久的在{oldest.zh}到期",
    )
    step = Words("/desk/overview names the units", "在 /desk/overview 查看是哪些单位")
    return [warning(Words("due times", "办理时限"), wrong, step)]


CHECKS: Final = (DoctorCheck("triage", triage), DoctorCheck("overdue", overdue))
