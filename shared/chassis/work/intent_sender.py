"""Sends intents of one kind: takes them in waves, looks up recipients, hands them to gateways, records the outcomes.

A lease lets one sender work at a time. Intents for different recipients are sent at the same time; the intents of one
line, and those for one recipient, are sent one after another. A gateway that fails repeatedly does not hold up the
others. If the sender dies before it has recorded an outcome, the intent is not sent again automatically
(ADR 24, ADR 35).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final, Generic

import structlog

from shared.chassis.base import metrics
from shared.chassis.base.clock import now
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.tracing import hops, spans
from shared.chassis.work import circuit_records
from shared.chassis.work import intent_queue as queue
from shared.chassis.work.circuits import Circuit
from shared.chassis.work.intent_delays import put_off
from shared.chassis.work.intent_digests import merge_gathered
from shared.chassis.work.intent_lookahead import Lookahead
from shared.chassis.work.intent_outcomes import TRIES, Ended, IntentOutcomes, Result, ReturnedIntent, pause
from shared.chassis.work.intent_queue import Queued
from shared.chassis.work.intent_turns import next_intents
from shared.chassis.work.intent_waves import AddressedIntent, Wave, sort_due
from shared.chassis.work.intents import (
    Gateway,
    IntentKind,
    IntentState,
    NotReached,
    Outcome,
    R,
    RecipientsUnavailable,
    Rejected,
    RetryLater,
    Sent,
    TryAgain,
    Unknown,
)

log = structlog.get_logger()
EVERY: Final = 0.5
AT_MOST: Final = 30.0
BREATH: Final = 0.01
"""Seconds between the end of an intent and the next wave, so that intents that end together share one wave."""
GRACE: Final = 5.0
"""Seconds for running gateway calls to end when the process stops, so that their outcomes are known."""
DUPLICATE: Final = "a message about this was already sent to the same address"


class IntentSender(Generic[R]):
    """Nothing else calls gateways. `holder`: the fixed name of this process in the lease, or empty."""

    def __init__(
        self,
        pool: Pool,
        kind: IntentKind[R],
        clock: Callable[[], datetime] = now,
        ticks: Callable[[], float] = time.monotonic,
        holder: str = "",
        grace: float = GRACE,
    ) -> None:
        self.pool, self.kind, self._grace = pool, kind, grace
        name = f"intents-{kind.name}"
        self.lease = Lease(pool, name, holder) if holder else Lease(pool, name)
        self.circuits = {gateway.name: Circuit(gateway.at_once, ticks) for gateway in kind.gateways}
        self.outcomes = IntentOutcomes(pool, kind, clock)
        self._gateways = {gateway.name: gateway for gateway in kind.gateways}
        self._sending: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._fault: BaseException | None = None

    async def run(self) -> None:
        """Send until cancelled. While recipients cannot be looked up, the pause between two tries grows."""
        wait = EVERY
        try:
            while True:
                handled = 0
                try:
                    handled = await self.send_some()
                    wait = EVERY
                except (RecipientsUnavailable, *PASSING) as fault:
                    log.warning("sender waits", kind=self.kind.name, cause=repr(fault), seconds=wait)
                    wait = min(wait * 2, AT_MOST)
                if not handled:
                    await asyncio.sleep(wait)
        finally:
            await asyncio.gather(*(gateway.close() for gateway in self.kind.gateways))

    async def send_some(self) -> int:
        """Send until nothing is due; returns how many intents were handled. Returns 0 if another sender has the lease.

        Raises `Away` if recipients cannot be looked up: the intents stay pending.
        """
        async with self.pool.acquire(timeout=5) as db:
            if not await next_intents(db, self.kind.name, 1):
                return 0
        async with self.lease.held() as is_held:
            return await self._drain() if is_held else 0

    async def _drain(self) -> int:
        handled, ahead, looked_again = 0, Lookahead(self.pool, self.kind, self.circuits), False
        try:
            while self.lease.holds() and not self._fault:
                self._ended.clear()
                in_wave, went_on = await self._wave(ahead)
                handled += in_wave
                if went_on:
                    looked_again = False
                elif not self._sending:
                    # Look once more: the last look may have begun before the last intent ended and freed its line.
                    if looked_again:
                        break
                    looked_again = True
                else:
                    # Wait only a moment, so that a gateway that hangs does not delay new intents.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(EVERY):
                            await self._ended.wait()
                    await asyncio.sleep(BREATH)
        except asyncio.CancelledError:
            if self._sending:
                await asyncio.wait(self._sending, timeout=self._grace)
            for task in self._sending:
                task.cancel()
            raise
        finally:
            await ahead.close()
            await asyncio.gather(*self._sending, return_exceptions=True)
        if fault := self._fault:
            self._fault = None
            raise fault
        return handled

    async def _wave(self, ahead: Lookahead[R]) -> tuple[int, bool]:
        """Begin as many intents as there is room for; returns how many were begun, ended or delayed, and whether the
        queue has changed."""
        looked, due = await ahead.next_wave()
        wave, merged = looked.wave, 0
        if due or wave.hold or wave.delay:
            async with self.pool.acquire(timeout=5) as db:
                await self._settle(db, wave, due)
                merged = await self._begin(db, wave)
        await self._end_unsent(wave)
        handled = wave.handled + looked.merged + merged
        return handled, bool(handled or wave.hold)

    async def _settle(self, db: Connection, wave: Wave[R], due: Sequence[AddressedIntent[R]]) -> None:
        """Decide which of the due intents begin, and store why the others wait."""
        if due:
            per_hour = [self.kind.per_hour(intent.queued.intent) for intent in due]
            obstacles = await queue.obstacles(db, [(intent.queued, intent.recipient.mark) for intent in due], per_hour)
            sort_due(wave, due, obstacles, {name: circuit.room() for name, circuit in self.circuits.items()})
        for hold in wave.hold:
            log.info("intent held back", intent=str(hold.id), why=hold.waits, until=str(hold.until or ""))
        for delay in wave.delay:
            if delay.until is None:
                log.warning("intent put off", intent=str(delay.id), cause=delay.cause)
        if wave.hold:
            await queue.hold(db, wave.hold)
        if wave.delay:
            await put_off(db, wave.delay)

    async def _begin(self, db: Connection, wave: Wave[R]) -> int:
        """Begin to send the intents of the wave; returns how many others were merged into them."""
        if not wave.begin or not self.lease.holds():
            return 0
        chosen = [(queued, recipient.mark, recipient.gateway) for queued, recipient in wave.begin]
        async with db.transaction():
            attempts = await queue.begin_sending(db, self.lease, chosen)
            bodies, merged = await merge_gathered(db, self.kind, [q for q, _ in wave.begin if q.intent.id in attempts])
        metrics.MESSAGES.labels(IntentState.MERGED).inc(merged)
        for queued, recipient in wave.begin:
            if attempt := attempts.get(queued.intent.id):
                queued = queued.with_body(bodies.get(queued.intent.id))
                circuit = self.circuits[recipient.gateway]
                circuit.in_hand += 1
                circuit.mass_in_hand += queued.intent.is_mass
                task = asyncio.create_task(self._send(queued, attempt, recipient))
                self._sending.add(task)
                task.add_done_callback(self._has_ended)
        return merged

    async def _end_unsent(self, wave: Wave[R]) -> None:
        results: list[Result] = [Ended(q.intent, q.attempts, IntentState.SKIPPED, reason) for q, reason in wave.skip]
        results += [Ended(q.intent, q.attempts, IntentState.MERGED, DUPLICATE) for q in wave.duplicates]
        await asyncio.gather(*map(self.outcomes.record, results))

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._ended.set()
        if not task.cancelled() and (fault := task.exception()):
            self._fault = fault

    async def _send(self, queued: Queued, attempt: int, recipient: R) -> None:
        """Send one intent and record its outcome."""
        span = hops.sent(queued.intent.traceparent, recipient.gateway)
        structlog.contextvars.bind_contextvars(**{self.kind.repository.rules.stream: str(queued.intent.key)})
        with spans.at_work(span):
            outcome = await self._hand_over(queued, recipient)
        result = self._result(self._gateways[recipient.gateway], queued, attempt, outcome)
        if not isinstance(outcome, Sent):
            span.fail(type(outcome).__name__)
        await self.outcomes.record(replace(result, span=span) if isinstance(result, Ended) else result)
        span.end()

    async def _hand_over(self, queued: Queued, recipient: R) -> Outcome:
        """Call the gateway, and count the outcome in its circuit breaker."""
        gateway = self._gateways[recipient.gateway]
        circuit = self.circuits[gateway.name]
        began = time.perf_counter()
        try:
            outcome = await gateway.send(queued.intent, recipient)
        finally:
            circuit.in_hand -= 1
            circuit.mass_in_hand -= queued.intent.is_mass
            self._ended.set()
        metrics.GATEWAY.labels(gateway.name, type(outcome).__name__).observe(time.perf_counter() - began)
        if circuit.learn(outcome):
            metrics.GATEWAY_RESTS.labels(gateway.name).set(bool(circuit.cause))
            await circuit_records.record_circuit(self.pool, gateway.name, circuit, self.kind.mask(circuit.cause))
        return outcome

    def _result(self, gateway: Gateway[R], queued: Queued, attempt: int, outcome: Outcome) -> Result:
        match outcome:
            case Sent(reference):
                return Ended(queued.intent, attempt, IntentState.SENT, None, gateway.name, reference)
            case Rejected(reason):
                return Ended(queued.intent, attempt, IntentState.FAILED, self.kind.mask(reason), gateway.name)
            case Unknown(reason):
                cause = self.kind.mask(f"unknown: {reason}")
                return Ended(queued.intent, attempt, IntentState.UNKNOWN, cause, gateway.name)
            case NotReached(reason):
                return ReturnedIntent(queued.intent, attempt, self.kind.mask(reason), avoid=gateway.name)
            case RetryLater(reason):
                return ReturnedIntent(queued.intent, attempt, self.kind.mask(reason))
            case TryAgain(reason, seconds):
                cause = self.kind.mask(reason)
                if queued.failures + 1 >= TRIES:
                    cause = f"not accepted in {TRIES} attempts, the last time: {cause}"
                    return Ended(queued.intent, attempt, IntentState.FAILED, cause, gateway.name)
                return ReturnedIntent(queued.intent, attempt, cause, pause(queued.failures, seconds), failed=True)
