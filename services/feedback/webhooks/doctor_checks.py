"""What `huying doctor` asks of webhooks: which are disabled or fail, and whether anything waits long."""

from collections.abc import Sequence
from typing import Final

from services.feedback.webhooks import queries
from services.feedback.webhooks.documents import notices
from services.feedback.webhooks.domain import DisabledFor
from services.feedback.webhooks.queries import WebhookRow
from shared.chassis.base.findings import Finding, ago, ok, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck

LATE: Final = "10 minutes"


async def webhooks(db: Connection) -> Sequence[Finding]:
    """Those that somebody must look at; one that its owner disabled is none of them."""
    rows = await queries.every_webhook(db)
    findings = [_finding(row) for row in rows if row.disabled_for is not DisabledFor.OWNER and notices(row)[0]]
    late = await db.fetchrow(
        """
        SELECT count(*) AS deliveries, min(webhook_delivery.created_at) AS oldest FROM webhook_delivery
        JOIN webhook ON webhook.id = webhook WHERE state = 'pending' AND disabled_at IS NULL AND failing_since IS NULL
            AND due_at < now() - interval '10 minutes'
        """
    )
    if late and late["deliveries"]:
        words = f"{late['deliveries']:,} deliveries have waited over {LATE}, the oldest {ago(late['oldest'])}"
        findings.append(warning("webhooks", f"{words}: feedback-worker's log says why"))
    return findings or [ok(f"webhooks: {len(rows):,}, none fails and nothing waits long")]


def _finding(row: WebhookRow) -> Finding:
    whose = f"channel {row.channel}" if row.channel else f"jurisdiction {row.jurisdiction}"
    return warning("webhooks", f"{row.url} of the {whose}: {notices(row)[0]}: see `huying webhooks show {row.id}`")


CHECK: Final = DoctorCheck("webhooks", webhooks)
