"""The checks of feedback for `huying doctor`: messages that were not sent."""

from collections.abc import Sequence
from typing import Final

import asyncpg

from services.feedback.notifications.courtesy import QUIET
from services.feedback.notifications.digests import WAITS as DIGEST
from services.feedback.notifications.messages import MESSAGE
from services.feedback.notifications.staff_recipients import MORNING
from shared.chassis.base.findings import Finding, Words, ago, duration_words, figure, ok, seconds_ago, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck
from shared.chassis.work.circuit_records import OpenCircuit, open_circuits
from shared.chassis.work.intent_gauges import lost, reasons
from shared.chassis.work.intents import IntentState

LOOKED_AT: Final = 500
"""So many messages of each reason to wait are read, the oldest ones."""
SUBJECT: Final = Words("messages", "消息")
LIST: Final = Words(
    "see `huying notifications list`, or /desk/messages", "运行 `huying notifications list`，或打开 /desk/messages"
)


async def messages(db: Connection) -> Sequence[Finding]:
    """Findings for messages that are not sent: failed, of unknown outcome, held back, or late."""
    findings = [_gateway(circuit) for circuit in await open_circuits(db)]
    findings += [_lost(state, count, seconds_ago(age)) for state, count, age in await lost(db, MESSAGE) if count]
    findings += [
        _waiting(row["kind"], row["count"], seconds_ago(row["seconds"]), row["next"] or 0)
        for row in await _standing(db)
    ]
    well = Words("messages: none failed, none is unknown, none waits long", "消息：没有失败、结果不明或积压的")
    return findings or [ok(well)]


async def _standing(db: Connection) -> Sequence[asyncpg.Record]:
    """The state of messages that wait or are being sent.

    For each reason to wait only the first messages are read, because a queue can be long. A message counts with the
    first one of its line, and with the first one to the same address as either: it waits behind them. A message is late
    if its time came more than ten minutes ago, or if that of the message that it waits behind did.
    """
    return await db.fetch(
        """
        WITH message AS (
            SELECT first.* FROM unnest($2::text[]) AS reason (why) CROSS JOIN LATERAL (
                SELECT line, recipient, created_at FROM intent
                WHERE kind = $1 AND state = 'pending' AND coalesce(waits, 'turn') = why ORDER BY position LIMIT $3
            ) AS first
            UNION ALL
            (SELECT line, recipient, created_at FROM intent WHERE kind = $1 AND state = 'sending'
                ORDER BY claimed_at LIMIT $3)
        )
        SELECT kind, count(*), extract(epoch FROM now() - min(created_at))::float8 AS seconds,
            extract(epoch FROM min(limited) - now())::float8 AS next
        FROM message LEFT JOIN LATERAL (
            SELECT waits, due_at, recipient FROM intent
            WHERE intent.line = message.line AND state IN ('pending', 'sending') ORDER BY position LIMIT 1
        ) AS of_line ON true CROSS JOIN LATERAL (
            SELECT max(due_at) FILTER (WHERE waits = 'hourly-limit') AS limited,
                max(due_at) FILTER (WHERE waits = ANY($4)) AS timed
            FROM (
                SELECT of_line.waits, of_line.due_at
                UNION ALL
                SELECT first.waits, first.due_at
                FROM (VALUES (message.recipient), (of_line.recipient)) AS address (mark) CROSS JOIN LATERAL (
                    SELECT waits, due_at FROM intent
                    WHERE intent.recipient = address.mark AND state IN ('pending', 'sending') ORDER BY position LIMIT 1
                ) AS first
            ) AS ahead
        ) AS until CROSS JOIN LATERAL (
            SELECT CASE
                WHEN limited > now() - interval '10 minutes' THEN 'held'
                WHEN timed > now() - interval '10 minutes' THEN NULL
                WHEN created_at < now() - interval '10 minutes' THEN 'late'
                ELSE 'waiting'
            END AS kind
        ) AS stands
        WHERE kind IS NOT NULL GROUP BY kind ORDER BY array_position(ARRAY['late', 'held', 'waiting'], kind)
        """,
        MESSAGE,
        await reasons(db, MESSAGE),
        LOOKED_AT,
        [QUIET, DIGEST, MORNING],
    )


def _gateway(circuit: OpenCircuit) -> Finding:
    since = ago(circuit.opened_at)
    wrong = Words(
        f"the gateway {circuit.gateway} gets no messages since {since.en}: {circuit.cause}",
        f"网关 {circuit.gateway} 从{since.zh}起暂停发送：{circuit.cause}",
    )
    step = Words("repair the gateway; messages are then sent automatically", "修复网关后，消息会自动继续发送")
    return warning(SUBJECT, wrong, step)


def _written(oldest: Words) -> Words:
    return Words(f"the oldest was written {oldest.en}", f"最早一条写于{oldest.zh}")


def _lost(state: IntentState, count: int, oldest: Words) -> Finding:
    since = _written(oldest)
    if state is IntentState.FAILED:
        wrong = Words(f"{figure(count)} could not be sent, {since.en}", f"{figure(count)} 条发送失败，{since.zh}")
        return warning(SUBJECT, wrong, LIST)
    wrong = Words(
        f"of {figure(count)} it is unknown whether they were sent: ask the operator of the gateway before you send"
        f" them again, {since.en}",
        f"{figure(count)} 条不清楚是否已发出，重发前先向网关核实，{since.zh}",
    )
    return warning(SUBJECT, wrong, LIST)


def _waiting(kind: str, number: int, oldest: Words, next: float) -> Finding:
    """`next`: in how many seconds the first of those goes out that the hourly limit holds."""
    count, since = figure(number, LOOKED_AT), _written(oldest)
    match kind:
        case "late":
            wrong = Words(
                f"{count} have waited over ten minutes, {since.en}", f"{count} 条已等待超过10分钟，{since.zh}"
            )
            return warning(
                SUBJECT, wrong, Words("the reason is in the log of feedback-worker", "原因见 feedback-worker 的日志")
            )
        case "waiting":
            return ok(
                Words(
                    f"messages: {count} wait for their turn or are being sent, {since.en}",
                    f"消息：{count} 条排队或发送中，{since.zh}",
                )
            )
    after = duration_words(max(next, 0))
    return ok(
        Words(
            f"messages: {count} wait because of the hourly limit for their address (`messages_per_hour` of the pack);"
            f" the next one is sent in {after.en}, {since.en}",
            f"消息：{count} 条因对方已达每小时上限（辖区包的 messages_per_hour）而等待，"
            f"{after.zh}后发出下一条，{since.zh}",
        )
    )


CHECKS: Final = (DoctorCheck("messages", messages),)
