"""The checks of intake for `huying doctor`: whether the other services and workers take up what intake has taken in."""

from collections.abc import Sequence
from typing import Final

from services.intake.submission import queries
from shared.chassis.base.findings import (
    COUNTED_UP_TO,
    Finding,
    Words,
    ago,
    broken,
    counted,
    duration_words,
    figure,
    ok,
    seconds_ago,
)
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck

LOOKED_AT: Final = 5_000
"""At most so many waiting demands are counted, so that the check takes the same time in every deployment."""


async def unrouted(db: Connection) -> Sequence[Finding]:
    """A finding for demands that wait for routing."""
    count, seconds = await queries.unrouted(db, LOOKED_AT)
    if not count:
        return [ok(Words("routing: every demand was routed or sent to triage", "派单：诉求均已派单或转人工派单"))]
    oldest = duration_words(seconds)
    wrong = Words(
        f"{counted(count, 'demand waits', 'demands wait', LOOKED_AT)} to be routed, the oldest for {oldest.en}",
        f"{figure(count, LOOKED_AT)} 件诉求无人派单，最早的已等待{oldest.zh}",
    )
    step = Words(
        "check that routing-worker and intake-worker run, and whether there are dead letters",
        "请确认 routing-worker 和 intake-worker 在运行，并查看有无死信",
    )
    return [broken(Words("routing", "派单"), wrong, step)]


async def unnumbered(db: Connection) -> Sequence[Finding]:
    """A finding for facts that channels cannot read because they have no place among the events yet."""
    row = await db.fetchrow(
        """
        SELECT count(*), extract(epoch FROM now() - min(recorded_at))::float8 AS seconds
        FROM (SELECT recorded_at FROM event_pending ORDER BY position LIMIT $1) AS first
        WHERE recorded_at < now() - interval '1 minute'
        """,
        COUNTED_UP_TO,
    )
    assert row
    if not row["count"]:
        well = Words(
            "events: every fact has its position in the event list of channels", "渠道事件：全部已编号，渠道可以读取"
        )
        return [ok(well)]
    oldest = seconds_ago(row["seconds"])
    wrong = Words(
        f"{counted(row['count'], 'fact waits', 'facts wait')} for a position in the event list of channels, the oldest"
        f" {oldest.en}",
        f"{figure(row['count'])} 条事件尚未编号，渠道读不到，最早的在{oldest.zh}",
    )
    step = Words("check that intake-worker runs", "请确认 intake-worker 在运行")
    return [broken(Words("events", "渠道事件"), wrong, step)]


async def unjoined(db: Connection) -> Sequence[Finding]:
    """A finding for long text messages that should have been taken in more than ten minutes ago."""
    row = await db.fetchrow(
        """
        SELECT count(*), min(closed_at) AS oldest FROM parted_text
        WHERE taken_at IS NULL AND closed_at < now() - interval '10 minutes'
        """
    )
    assert row
    if not row["count"]:
        return [ok(Words("long texts: all complete ones were registered", "长短信：收到的均已登记"))]
    oldest = ago(row["oldest"])
    wrong = Words(
        f"{counted(row['count'], 'text is', 'texts are')} complete and not registered, the oldest {oldest.en}",
        f"{row['count']:,} 条长短信已收齐但未登记，最早的在{oldest.zh}",
    )
    step = Words(
        "the reason is in the log of intake-api; check that the channel has a division",
        "原因见 intake-api 日志；请确认该渠道已设置区划",
    )
    return [broken(Words("long texts", "长短信"), wrong, step)]


CHECKS: Final = (
    DoctorCheck("unrouted", unrouted),
    DoctorCheck("unnumbered", unnumbered),
    DoctorCheck("unjoined", unjoined),
)
