"""What the doctor asks feedback: which messages were not sent."""

from collections.abc import Sequence
from typing import Final

from shared.chassis.base.findings import Finding, Words, ago, ok, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck
from shared.chassis.work.circuit_records import OpenCircuit, open_circuits

SUBJECT: Final = Words("messages", "消息")
LIST: Final = Words(
    "see `huying notifications list`, or /desk/messages", "运行 `huying notifications list`，或打开 /desk/messages"
)


async def messages(db: Connection) -> Sequence[Finding]:
    """Messages that are not sent: given up, of unknown outcome, held back, or still waiting for their turn."""
    rows = await db.fetch(
        """
        WITH held AS MATERIALIZED (
            SELECT line, recipient FROM intent
            WHERE kind = 'message' AND state = 'pending' AND waits = 'hourly-limit'
        ), timed AS MATERIALIZED (
            SELECT line FROM intent WHERE kind = 'message' AND state = 'pending'
                AND waits IN ('quiet-hours', 'digest', 'morning') AND due_at > now() - interval '10 minutes'
        )
        SELECT kind, count(*), min(created_at) AS oldest
        FROM (
            SELECT created_at, CASE
                WHEN state IN ('failed', 'unknown') THEN state
                WHEN line IN (SELECT line FROM held)
                    OR recipient IN (SELECT recipient FROM held WHERE recipient IS NOT NULL) THEN 'held'
                WHEN line IN (SELECT line FROM timed) THEN NULL
                WHEN created_at < now() - interval '10 minutes' THEN 'late'
                ELSE 'waiting'
            END AS kind
            FROM intent AS message WHERE kind = 'message' AND state IN ('failed', 'unknown', 'pending', 'sending')
        ) AS kinds
        WHERE kind IS NOT NULL
        GROUP BY kind ORDER BY array_position(ARRAY['failed', 'unknown', 'late', 'held', 'waiting'], kind)
        """
    )
    findings = [_gateway(circuit) for circuit in await open_circuits(db)]
    findings += [_message(row["kind"], row["count"], ago(row["oldest"])) for row in rows]
    well = Words(
        "messages: none failed, none is of unknown outcome, none waits long", "消息：没有失败、结果不明或积压的"
    )
    return findings or [ok(well)]


def _gateway(circuit: OpenCircuit) -> Finding:
    since = ago(circuit.opened_at)
    wrong = Words(
        f"the gateway {circuit.gateway} is given nothing since {since.en}: {circuit.cause}",
        f"网关 {circuit.gateway} 从{since.zh}起暂停发送：{circuit.cause}",
    )
    step = Words("mend the gateway; messages go on by themselves", "修复网关后，消息会自动继续发送")
    return warning(SUBJECT, wrong, step)


def _message(kind: str, count: int, oldest: Words) -> Finding:
    since = Words(f"the oldest {oldest.en}", f"最早的在{oldest.zh}")
    match kind:
        case "failed":
            wrong = Words(f"{count:,} could not be sent, {since.en}", f"{count:,} 条发送失败，{since.zh}")
            return warning(SUBJECT, wrong, LIST)
        case "unknown":
            wrong = Words(
                f"of {count:,} nobody knows whether they were sent: ask the gateway before you send again, {since.en}",
                f"{count:,} 条不清楚是否已发出，重发前先向网关核实，{since.zh}",
            )
            return warning(SUBJECT, wrong, LIST)
        case "late":
            wrong = Words(
                f"{count:,} have waited over ten minutes, {since.en}", f"{count:,} 条已等待超过10分钟，{since.zh}"
            )
            return warning(SUBJECT, wrong, Words("feedback-worker's log says why", "原因见 feedback-worker 的日志"))
        case "waiting":
            return ok(
                Words(
                    f"messages: {count:,} wait for their turn or are being sent, {since.en}",
                    f"消息：{count:,} 条排队或发送中，{since.zh}",
                )
            )
    return ok(
        Words(
            f"messages: {count:,} wait since their address had all that it gets in an hour, {since.en}",
            f"消息：{count:,} 条因对方已达每小时上限而等待，{since.zh}",
        )
    )


CHECKS: Final = (DoctorCheck("messages", messages),)
