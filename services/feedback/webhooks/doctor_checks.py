"""The checks of webhooks for `huying doctor`: which are disabled or fail, and whether anything waits long."""

from collections.abc import Sequence
from typing import Final

from services.feedback.webhooks import queries
from services.feedback.webhooks.documents import notices
from services.feedback.webhooks.domain import DisabledFor
from services.feedback.webhooks.queries import WebhookRow
from shared.chassis.base.findings import Finding, Words, ago, figure, ok, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck

LATE: Final = "10 minutes"
SUBJECT: Final = Words("webhooks", "事件推送")


async def webhooks(db: Connection) -> Sequence[Finding]:
    """Findings for webhooks that somebody must look at; a webhook that its owner disabled is not among them."""
    rows = await queries.every_webhook(db)
    findings = [_finding(row) for row in rows if row.disabled_for is not DisabledFor.OWNER and notices(row)[0]]
    late = await queries.late(db)
    if late.oldest:
        oldest = ago(late.oldest)
        wrong = Words(
            f"{figure(late.deliveries)} deliveries have waited over {LATE}, the oldest {oldest.en}",
            f"{figure(late.deliveries)} 次推送已等待超过10分钟，最早的在{oldest.zh}",
        )
        step = Words("the reason is in the log of feedback-worker", "原因见 feedback-worker 的日志")
        findings.append(warning(SUBJECT, wrong, step))
    well = Words(
        f"webhooks: {len(rows):,}, none fails and nothing waits long", f"事件推送：{len(rows):,} 个，没有失败或积压"
    )
    return findings or [ok(well)]


def _finding(row: WebhookRow) -> Finding:
    en, zh = notices(row)
    whose = f"渠道 {row.channel}" if row.channel else f"辖区 {row.jurisdiction}"
    wrong = Words(f"{row.url} of the {row.owner}: {en}", f"{whose} 的 {row.url}：{zh}")
    command = f"`huying webhooks show {row.id}`"
    return warning(SUBJECT, wrong, Words(f"see {command}", f"运行 {command} 查看"))


CHECK: Final = DoctorCheck("webhooks", webhooks)
