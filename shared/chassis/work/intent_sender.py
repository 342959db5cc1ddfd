"""Sends intents of one kind: takes them in waves, learns whom each is for, hands them to gateways, records outcomes.

Of several senders one sends at a time, by a lease. Lines of different recipients are in the gateways' hands together;
the intents of one line, and those to one recipient, go one after another. A gateway that fails again and again rests
without holding up the others. An intent whose sender died between sending and record is never sent blindly again
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
from shared.chassis.work.intent_digests import gathered
from shared.chassis.work.intent_lookahead import Lookahead
from shared.chassis.work.intent_outcomes import TRIES, Ended, IntentOutcomes, Result, Returned, pause
from shared.chassis.work.intent_queue import Queued
from shared.chassis.work.intent_turns import next_intents
from shared.chassis.work.intent_waves import Known, Wave, sort_due
from shared.chassis.work.intents import (
    Away,
    Gateway,
    IntentKind,
    NotReached,
    Outcome,
    R,
    Rejected,
    RetryLater,
    Sent,
    State,
    TryAgain,
    Unknown,
)

log = structlog.get_logger()
EVERY: Final = 0.5
AT_MOST: Final = 30.0
BREATH: Final = 0.01
"""Seconds after something ended before more is taken: what ends at about the same time makes one wave."""
GRACE: Final = 5.0
"""Seconds that what is in gateways' hands gets to end in when the process stops: its outcome is known then."""
TWIN: Final = "the same address was told of this already"


class IntentSender(Generic[R]):
    """The only one who talks to gateways. `holder`: a fixed name that takes back at once what it held before."""

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
        """Send until cancelled; the longer nobody can say whom intents are for, the longer is the wait."""
        wait = EVERY
        try:
            while True:
                handled = 0
                try:
                    handled = await self.send_some()
                    wait = EVERY
                except (Away, *PASSING) as fault:
                    log.warning("sender waits", kind=self.kind.name, cause=repr(fault), seconds=wait)
                    wait = min(wait * 2, AT_MOST)
                if not handled:
                    await asyncio.sleep(wait)
        finally:
            await asyncio.gather(*(gateway.close() for gateway in self.kind.gateways))

    async def send_some(self) -> int:
        """Send until nothing is due; returns how many intents something was done with.

        Raises `Away`: then nothing is lost. Returns 0 while another sender sends.
        """
        async with self.pool.acquire(timeout=5) as db:
            if not await next_intents(db, self.kind.name, 1):
                return 0
        async with self.lease.held() as mine:
            return await self._drain() if mine else 0

    async def _drain(self) -> int:
        handled, ahead, looked_anew = 0, Lookahead(self.pool, self.kind, self.circuits), False
        try:
            while self.lease.holds() and not self._fault:
                self._ended.clear()
                in_wave, went_on = await self._wave(ahead)
                handled += in_wave
                if went_on:
                    looked_anew = False
                elif not self._sending:
                    # The last look may have begun before the last intent ended, which gives its line free.
                    if looked_anew:
                        break
                    looked_anew = True
                else:
                    # What comes meanwhile need not wait for a gateway that hangs.
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._ended.wait(), EVERY)
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
        """Take what there is room for; returns how many intents were begun, ended or put off, and whether the queue is
        another now."""
        looked, due = await ahead.next_wave()
        wave, told = looked.wave, 0
        if due or wave.hold or wave.delay:
            async with self.pool.acquire(timeout=5) as db:
                await self._settle(db, wave, due)
                told = await self._begin(db, wave)
        await self._end_unsent(wave)
        handled = wave.handled + looked.merged + told
        return handled, bool(handled or wave.hold)

    async def _settle(self, db: Connection, wave: Wave[R], due: Sequence[Known[R]]) -> None:
        """Decide of those whose turn it is, and write down who waits."""
        if due:
            per_hour = [self.kind.per_hour(one.queued.intent) for one in due]
            standings = await queue.standings(db, [(one.queued, one.recipient.mark) for one in due], per_hour)
            sort_due(wave, due, standings, {name: circuit.room() for name, circuit in self.circuits.items()})
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
        """Returns how many others ended, since one that began tells them."""
        if not wave.begin or not self.lease.holds():
            return 0
        chosen = [(queued, recipient.mark, recipient.gateway) for queued, recipient in wave.begin]
        async with db.transaction():
            attempts = await queue.begin_sending(db, self.lease, chosen)
            bodies, told = await gathered(db, self.kind, [q for q, _ in wave.begin if q.intent.id in attempts])
        metrics.MESSAGES.labels(State.MERGED).inc(told)
        for queued, recipient in wave.begin:
            if attempt := attempts.get(queued.intent.id):
                queued = queued.saying(bodies.get(queued.intent.id))
                circuit = self.circuits[recipient.gateway]
                circuit.in_hand += 1
                circuit.mass_in_hand += queued.intent.is_mass
                task = asyncio.create_task(self._send(queued, attempt, recipient))
                self._sending.add(task)
                task.add_done_callback(self._has_ended)
        return told

    async def _end_unsent(self, wave: Wave[R]) -> None:
        results: list[Result] = [Ended(q.intent, q.attempts, State.SKIPPED, why) for q, why in wave.skip]
        results += [Ended(q.intent, q.attempts, State.MERGED, TWIN) for q in wave.twins]
        await asyncio.gather(*map(self.outcomes.record, results))

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._ended.set()
        if not task.cancelled() and (fault := task.exception()):
            self._fault = fault

    async def _send(self, queued: Queued, attempt: int, recipient: R) -> None:
        """One intent, from the gateway's hands to the record of its outcome."""
        span = hops.sent(queued.intent.traceparent, recipient.gateway)
        structlog.contextvars.bind_contextvars(**{self.kind.repository.rules.stream: str(queued.intent.key)})
        with spans.at_work(span):
            outcome = await self._handed_over(queued, recipient)
        result = self._result(self._gateways[recipient.gateway], queued, attempt, outcome)
        if not isinstance(outcome, Sent):
            span.fail(type(outcome).__name__)
        await self.outcomes.record(replace(result, span=span) if isinstance(result, Ended) else result)
        span.end()

    async def _handed_over(self, queued: Queued, recipient: R) -> Outcome:
        """What the gateway answers; its circuit learns from it."""
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
            await circuit_records.tell(self.pool, gateway.name, circuit, self.kind.mask(circuit.cause))
        return outcome

    def _result(self, gateway: Gateway[R], queued: Queued, attempt: int, outcome: Outcome) -> Result:
        match outcome:
            case Sent(reference):
                return Ended(queued.intent, attempt, State.SENT, None, gateway.name, reference)
            case Rejected(reason):
                return Ended(queued.intent, attempt, State.FAILED, self.kind.mask(reason), gateway.name)
            case Unknown(reason):
                cause = self.kind.mask(f"unknown: {reason}")
                return Ended(queued.intent, attempt, State.UNKNOWN, cause, gateway.name)
            case NotReached(reason):
                return Returned(queued.intent, attempt, self.kind.mask(reason), avoid=gateway.name)
            case RetryLater(reason):
                return Returned(queued.intent, attempt, self.kind.mask(reason))
            case TryAgain(reason, seconds):
                cause = self.kind.mask(reason)
                if queued.failures + 1 >= TRIES:
                    cause = f"not taken {TRIES} times, at last: {cause}"
                    return Ended(queued.intent, attempt, State.FAILED, cause, gateway.name)
                return Returned(queued.intent, attempt, cause, pause(queued.failures, seconds), failed=True)
