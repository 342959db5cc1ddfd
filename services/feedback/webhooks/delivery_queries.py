"""SQL of the webhook sender: which deliveries are due, and the results of tries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.feedback.webhooks.domain import DeliveryState, DisabledFor, Reply, TryDecision
from shared.chassis.database.pool import Connection

READ: Final = 1000
"""At most so many deliveries of one webhook are read in one wave, however many wait."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery to send. `attempts` counts all tries so far, `failures` those that count as failures of it."""

    webhook: UUID
    event: UUID
    position: int
    body: str
    attempts: int
    failures: int
    demand: UUID
    number: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a try that began at `at`."""

    delivery: DueDelivery
    at: datetime
    reply: Reply
    decision: TryDecision

    def kept_pending(self, disabled: Sequence[UUID]) -> "Result":
        """The same result, but the delivery stays pending: a try that disables the webhook does not give its delivery
        up; it is sent when the webhook is enabled again."""
        if self.delivery.webhook not in disabled or self.reply.is_success:
            return self
        return replace(self, decision=replace(self.decision, state=DeliveryState.PENDING))

    @property
    def metric_label(self) -> str:
        """The label of the result in metrics."""
        if self.reply.is_success:
            return "delivered"
        return "throttled" if self.reply.is_throttled else "given-up" if self.decision.is_over else "failed"


async def next_deliveries(
    db: Connection, room: Mapping[UUID, int], in_hand: Sequence[int], at: datetime
) -> list[DueDelivery]:
    """The deliveries that may be sent now: of each webhook as many as there is room for, those due longest first; of
    each demand only the first one. Disabled webhooks are left out. `in_hand` are the positions that are being sent.

    OFFSET 0 keeps the planner from turning the subquery for earlier deliveries into a join: as long as its statistics
    know of nothing pending, that join would read the whole backlog for each row.
    """
    rows = await db.fetch(
        """
        SELECT head.* FROM unnest($1::uuid[], $2::integer[]) AS asked (webhook, room)
        JOIN webhook ON webhook.id = asked.webhook AND disabled_at IS NULL CROSS JOIN LATERAL (
            SELECT webhook, event, position, body, attempts, failures, demand, number, traceparent FROM (
                SELECT * FROM webhook_delivery AS due WHERE due.webhook = asked.webhook AND state = 'pending'
                    AND due_at <= $4 ORDER BY due_at, position LIMIT $5
            ) AS one
            WHERE position <> ALL($3) AND NOT EXISTS (
                SELECT FROM webhook_delivery AS earlier
                WHERE (earlier.webhook, earlier.demand) = (one.webhook, one.demand)
                    AND earlier.position < one.position AND earlier.state = 'pending' OFFSET 0
            )
            ORDER BY due_at, position LIMIT asked.room
        ) AS head
        """,
        list(room),
        list(room.values()),
        list(in_hand),
        at,
        READ,
    )
    return [DueDelivery(**row) for row in rows]


async def postpone(db: Connection, webhooks: Sequence[UUID], at: datetime) -> None:
    """Postpone deliveries that are due behind another one of their demand until that one is due, so that waves do not
    read them again and again. Only the sender calls this, between two waves: the other delivery ends only after that,
    and wakes this one."""
    await db.execute(
        """
        UPDATE webhook_delivery AS known SET due_at = behind.until FROM unnest($1::uuid[]) AS asked (webhook)
        CROSS JOIN LATERAL (
            SELECT event, first.due_at AS until FROM (
                SELECT * FROM webhook_delivery AS due WHERE due.webhook = asked.webhook AND state = 'pending'
                    AND due_at <= $2 ORDER BY due_at, position LIMIT $3
            ) AS one CROSS JOIN LATERAL (
                SELECT due_at FROM webhook_delivery AS earlier
                WHERE (earlier.webhook, earlier.demand) = (one.webhook, one.demand)
                    AND earlier.position < one.position AND earlier.state = 'pending' ORDER BY position LIMIT 1
            ) AS first WHERE first.due_at > one.due_at
        ) AS behind
        WHERE (known.webhook, known.event) = (asked.webhook, behind.event)
        """,
        list(webhooks),
        at,
        READ,
    )


async def record(db: Connection, results: Sequence[Result], at: datetime) -> None:
    """Store the results of tries, each once.

    The statement does not compare the state: that would let the planner read the index of all pending deliveries for
    each result.
    """
    await db.execute(
        """
        UPDATE webhook_delivery AS known SET state = done.state, attempts = known.attempts + 1,
            failures = known.failures + done.failed::integer, due_at = done.due_at,
            finished_at = CASE WHEN done.state <> 'pending' THEN $7::timestamptz END
        FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::text[], $5::boolean[], $6::timestamptz[])
            AS done (webhook, event, attempts, state, failed, due_at)
        WHERE (known.webhook, known.event) = (done.webhook, done.event) AND known.attempts = done.attempts
        """,
        [r.delivery.webhook for r in results],
        [r.delivery.event for r in results],
        [r.delivery.attempts for r in results],
        [r.decision.state for r in results],
        [r.decision.failed for r in results],
        [at + r.decision.pause for r in results],
        at,
    )
    ended = [r.delivery for r in results if r.decision.is_over]
    await db.execute(
        """
        UPDATE webhook_delivery AS next SET due_at = $3 FROM unnest($1::uuid[], $2::uuid[]) AS done (webhook, event)
        JOIN webhook_delivery AS first ON (first.webhook, first.event) = (done.webhook, done.event)
        WHERE (next.webhook, next.demand) = (first.webhook, first.demand) AND next.state = 'pending'
            AND next.due_at > $3 AND next.event <> first.event
        """,
        [delivery.webhook for delivery in ended],
        [delivery.event for delivery in ended],
        at,
    )
    await db.execute(
        """
        INSERT INTO webhook_attempt (webhook, event, number, at, status, cause, milliseconds)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::integer[], $6::text[],
            $7::integer[])
        ON CONFLICT DO NOTHING
        """,
        [r.delivery.webhook for r in results],
        [r.delivery.event for r in results],
        [r.delivery.attempts + 1 for r in results],
        [r.at for r in results],
        [r.reply.status for r in results],
        [r.reply.cause for r in results],
        [r.reply.milliseconds for r in results],
    )


async def record_health(
    db: Connection, well: Sequence[UUID], failing: Sequence[UUID], gone: Sequence[UUID], at: datetime, longest: datetime
) -> list[UUID]:
    """Store which webhooks accepted something and which did not. Returns those that are disabled now: those in `gone`,
    and those that have failed since before `longest`."""
    if well:
        await db.execute(
            """
            UPDATE webhook SET delivered_at = $2, failing_since = NULL
            WHERE id = ANY($1) AND (failing_since IS NOT NULL OR delivered_at IS NULL
                OR delivered_at < $2::timestamptz - interval '10 seconds')
            """,
            list(well),
            at,
        )
    if not failing and not gone:
        return []
    await db.execute(
        "UPDATE webhook SET failing_since = $2 WHERE id = ANY($1) AND failing_since IS NULL",
        [*failing, *gone],
        at,
    )
    rows = await db.fetch(
        """
        UPDATE webhook SET disabled_at = $3,
            disabled_for = CASE WHEN id = ANY($2) THEN $5 ELSE $6 END
        WHERE disabled_at IS NULL AND (id = ANY($2) OR (id = ANY($1) AND failing_since < $4)) RETURNING id
        """,
        list(failing),
        list(gone),
        at,
        longest,
        DisabledFor.GONE.value,
        DisabledFor.FAILING.value,
    )
    return [row["id"] for row in rows]


async def hurry(db: Connection, webhook: UUID) -> bool:
    """Make deliveries that wait for another try due now, at most `READ`, because the endpoint accepts requests again;
    later ones follow them. Returns whether there may be more."""
    hurried = await db.execute(
        """
        UPDATE webhook_delivery AS known SET due_at = now() FROM (
            SELECT event FROM webhook_delivery
            WHERE webhook = $1 AND state = 'pending' AND due_at > now() AND attempts > 0
            ORDER BY due_at, position LIMIT $2
        ) AS waiting WHERE (known.webhook, known.event) = ($1, waiting.event)
        """,
        webhook,
        READ,
    )
    return int(hurried.split()[-1]) >= READ
