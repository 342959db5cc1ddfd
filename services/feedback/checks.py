"""What `huying doctor` asks feedback: which messages were not sent."""

from collections.abc import Sequence
from typing import Final

from shared.chassis.base.findings import Finding, ago, ok, warning
from shared.chassis.database.pool import Connection
from shared.chassis.process.manifest import DoctorCheck
from shared.chassis.work.circuit_records import OpenCircuit, open_circuits

LIST: Final = "see `huying notifications list`"


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
    findings += [_message(row["kind"], row["count"], f"the oldest {ago(row['oldest'])}") for row in rows]
    return findings or [ok("messages: none failed, none is of unknown outcome, none waits long")]


def _gateway(circuit: OpenCircuit) -> Finding:
    words = f"the gateway {circuit.gateway} is given nothing since {ago(circuit.opened_at)}: {circuit.cause}"
    return warning("messages", words)


def _message(kind: str, count: int, oldest: str) -> Finding:
    match kind:
        case "failed":
            return warning("messages", f"{count:,} could not be sent, {oldest}: {LIST}")
        case "unknown":
            words = f"of {count:,} nobody knows whether they were sent: ask the gateway before you send again"
            return warning("messages", f"{words}, {oldest}: {LIST}")
        case "late":
            words = f"{count:,} have waited over ten minutes, {oldest}: feedback-worker's log says why"
            return warning("messages", words)
        case "waiting":
            return ok(f"messages: {count:,} wait for their turn or are being sent, {oldest}")
    return ok(f"messages: {count:,} wait since their address had all that it gets in an hour, {oldest}")


CHECKS: Final = (DoctorCheck("messages", messages),)
