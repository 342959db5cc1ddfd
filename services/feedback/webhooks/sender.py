"""Delivers events to webhooks: reads what is due in waves, sends it and records the results.

Of several senders one sends at a time, by a lease. A delivery stays pending until its result is recorded, so if a
sender dies, its deliveries are sent again with the same ids. Each endpoint has at most a few requests at a time and a
circuit of its own, so an endpoint that hangs does not delay others (ADR 36).
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag

from services.feedback.webhooks import delivery_queries as deliveries
from services.feedback.webhooks import queries
from services.feedback.webhooks.delivery_queries import DueDelivery, Result
from services.feedback.webhooks.domain import LONGEST_FAILURE, Reply, decide
from services.feedback.webhooks.endpoint_client import EndpointClient
from services.feedback.webhooks.gauges import DELIVERIES
from services.feedback.webhooks.queries import WebhookRow
from services.feedback.webhooks.signing import SecretBox, signed_headers
from shared.chassis.base.clock import now
from shared.chassis.database.coalescing import GroupCommit
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.tracing import hops, spans
from shared.chassis.work.circuits import Circuit
from shared.chassis.work.intents import Outcome, RetryLater, Sent, TryAgain

log = structlog.get_logger()
LEASE: Final = "webhooks"
EVERY: Final = 0.1
"""Seconds between two waves; if there is no webhook, `REFRESH`."""
BREATH: Final = 0.01
REFRESH: Final = 1.0
"""Seconds between two reads of the webhooks."""
AT_ONCE: Final = 512
EACH: Final = 8
"""At most so many requests to one endpoint at a time."""
SLOW, ANALYZED_AGAIN = 0.05, 10.0
"""Seconds: a slower read of due deliveries has the statistics updated, and how often at most."""
AGAIN: Final = 1.0
GRACE: Final = 5.0
UNREADABLE: Final = "its secret cannot be decrypted, because HUYING_SECRET was changed: rotate this secret"


@dataclass(slots=True)
class Target:
    """A webhook with the secrets that sign for it, the circuit of its endpoint, and the requests on their way."""

    row: WebhookRow
    keys: Sequence[str]
    circuit: Circuit


class WebhookSender:
    """The only sender to endpoints. With a fixed `holder` a restarted process gets the lease back at once."""

    def __init__(
        self,
        pool: Pool,
        client: EndpointClient,
        box: SecretBox,
        clock: Callable[[], datetime] = now,
        ticks: Callable[[], float] = time.monotonic,
        holder: str = "",
    ) -> None:
        self._pool, self._client, self._box, self._clock, self._ticks = pool, client, box, clock, ticks
        self.lease = Lease(pool, LEASE, holder) if holder else Lease(pool, LEASE)
        self._targets: dict[UUID, Target] = {}
        self._refreshed = -REFRESH
        self._analyzed = -ANALYZED_AGAIN
        self._in_hand: dict[int, asyncio.Task[None]] = {}
        self._take_again: set[UUID] = set()
        self._ended = asyncio.Event()
        self._record = GroupCommit(lambda: pool.acquire(timeout=5), self._write)

    async def run(self) -> None:
        """Deliver until cancelled; if the database does not answer, try again later."""
        try:
            while True:
                try:
                    async with self.lease.held() as mine:
                        if mine:
                            await self._lead()
                except PASSING as fault:
                    log.warning("sender waits", kind=LEASE, cause=repr(fault), seconds=AGAIN)
                await asyncio.sleep(AGAIN)
        finally:
            await self._client.close()

    async def _lead(self) -> None:
        try:
            while self.lease.holds():
                self._ended.clear()
                await self.send_wave()
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY if self._targets else REFRESH):
                        await self._ended.wait()
                    await asyncio.sleep(BREATH)
        finally:
            await self.settle()

    async def settle(self, grace: float = GRACE) -> None:
        """Wait `grace` seconds for the requests on their way, then give up the rest, which is sent again later."""
        if tasks := list(self._in_hand.values()):
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def send_wave(self) -> int:
        """Start all deliveries that are due and have room; returns how many."""
        async with self._pool.acquire(timeout=5) as db:
            if self._ticks() - self._refreshed >= REFRESH:
                await self._refresh(db)
            await self._hurry(db)
            room = self._room()
            due = await self._due(db, room) if room else []
        # A result that was recorded since the statement may have disabled a webhook.
        sendable = [(target, delivery) for delivery in due if (target := self._targets.get(delivery.webhook))]
        for target, delivery in sendable:
            target.circuit.in_hand += 1
            task = asyncio.create_task(self._send(target, delivery))
            self._in_hand[delivery.position] = task
            task.add_done_callback(partial(self._has_ended, target, delivery.position))
        return len(sendable)

    async def _hurry(self, db: Connection) -> None:
        """Make deliveries due for endpoints that accept requests again, a limited part in each wave. If a sender dies
        before the last part, the next one begins anew with the endpoint's first success."""
        for webhook in sorted(self._take_again):
            if not await deliveries.hurry(db, webhook):
                self._take_again.discard(webhook)

    async def _due(self, db: Connection, room: dict[UUID, int]) -> list[DueDelivery]:
        began = time.perf_counter()
        due = await deliveries.next_deliveries(db, room, list(self._in_hand), self._clock())
        counts = Counter(delivery.webhook for delivery in due)
        if wanting := [webhook for webhook, free in room.items() if counts[webhook] < free]:
            await deliveries.postpone(db, wanting, self._clock())
        if time.perf_counter() - began > SLOW and self._ticks() - self._analyzed > ANALYZED_AGAIN:
            # A plan that was made while nothing waited reads the whole backlog for the first delivery of each demand.
            self._analyzed = self._ticks()
            await db.execute("ANALYZE webhook_delivery")
        return due

    def _room(self) -> dict[UUID, int]:
        """How many requests each endpoint can take now. If there is not room for all, the order is random."""
        remaining, room = AT_ONCE - len(self._in_hand), {}
        targets = list(self._targets.values())
        random.shuffle(targets)
        for target in targets:
            if free := min(target.circuit.room(), remaining):
                room[target.row.id] = free
                remaining -= free
        return room

    async def _refresh(self, db: Connection) -> None:
        rows = [row for row in await queries.every_webhook(db) if row.disabled_at is None]
        self._targets = {row.id: self._target(row) for row in rows}
        self._refreshed = self._ticks()

    def _target(self, row: WebhookRow) -> Target:
        cached = self._targets.get(row.id)
        circuit = cached.circuit if cached and cached.row.url == row.url else Circuit(EACH, self._ticks)
        try:
            keys = [self._box.open(row.id, sealed) for sealed in row.sealed_secrets]
        except InvalidTag:
            keys = []
        return Target(row, keys, circuit)

    def _has_ended(self, target: Target, position: int, task: asyncio.Task[None]) -> None:
        self._in_hand.pop(position, None)
        self._ended.set()
        if not task.cancelled() and (fault := task.exception()):
            log.error("an error of feedback ended a delivery", webhook=str(target.row.id), cause=repr(fault))
            target.circuit.learn(RetryLater("an internal error"))

    async def _send(self, target: Target, delivery: DueDelivery) -> None:
        """Send one delivery and record its result."""
        at, circuit = self._clock(), target.circuit
        span = hops.sent(delivery.traceparent, "webhook")
        span.about("demand", delivery.demand, delivery.number)
        structlog.contextvars.bind_contextvars(demand=str(delivery.demand))
        try:
            with spans.at_work(span):
                reply = await self._reply(target, delivery, at)
        finally:
            circuit.in_hand -= 1
        if not reply.is_success:
            span.fail(str(reply.status or "no-answer"))
        takes_again = reply.is_success and not circuit.proven
        circuit.learn(_outcome(reply))
        if reply.is_throttled and reply.retry_after:
            circuit.rests_until = max(circuit.rests_until, self._ticks() + decide(reply, 0).pause.total_seconds())
        result = Result(delivery, at, reply, decide(reply, delivery.failures))
        await self._recorded(result, takes_again)
        span.end()

    async def _reply(self, target: Target, delivery: DueDelivery, at: datetime) -> Reply:
        if not target.keys:
            return Reply(status=None, cause=UNREADABLE)
        headers = signed_headers(delivery.event, at, delivery.body, target.keys)
        return await self._client.post(target.row.url, delivery.body, headers, target.row.owner)

    async def _recorded(self, result: Result, takes_again: bool) -> None:
        """Record a result; returns when it is written. If the database does not answer, try again."""
        while True:
            try:
                await self._record((result, takes_again))
            except PASSING as fault:
                log.warning("the result of a delivery is not stored yet", kind=LEASE, cause=repr(fault))
                await asyncio.sleep(AGAIN)
            else:
                return

    async def _write(self, db: Connection, done: Sequence[tuple[Result, bool]]) -> Sequence[None]:
        at, results = self._clock(), [result for result, _ in done]
        well = {r.delivery.webhook for r in results if r.reply.is_success}
        gone = {r.delivery.webhook for r in results if r.reply.is_gone}
        failing = {r.delivery.webhook for r in results} - well - gone
        async with db.transaction():
            sides = (sorted(well), sorted(failing), sorted(gone))
            disabled = await deliveries.record_health(db, *sides, at, at - LONGEST_FAILURE)
            await deliveries.record(db, [result.kept_pending(disabled) for result in results], at)
        self._take_again |= {result.delivery.webhook for result, takes_again in done if takes_again}
        for webhook in disabled:
            self._take_again.discard(webhook)
            self._targets.pop(webhook, None)
            log.warning("webhook disabled", webhook=str(webhook))
        for result in results:
            DELIVERIES.labels(result.metric_label).inc()
        return [None] * len(done)


def _outcome(reply: Reply) -> Outcome:
    """The outcome for the circuit: it opens at once if an endpoint asks for a pause, else after several faults."""
    if reply.is_success:
        return Sent()
    return RetryLater(reply.cause) if reply.is_throttled else TryAgain(reply.cause)
