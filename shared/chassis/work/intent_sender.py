"""Sends intents of one kind: takes each in order, learns whom it is for, hands it to the gateway, records the outcome.

Of several senders one sends at a time, by a lease. Lines of different recipients are in the gateway's hands together;
the intents of one line, and those to one recipient, one after another. An intent whose sender died between sending and
record is never sent blindly again (ADR 24).
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Generic

import structlog

from shared.chassis.base import metrics
from shared.chassis.base.clock import now
from shared.chassis.database.lease import Lease
from shared.chassis.database.pool import PASSING, Pool
from shared.chassis.work import intent_queue as queue
from shared.chassis.work.intent_lanes import Round, heads, lanes
from shared.chassis.work.intent_queue import Queued, Waits
from shared.chassis.work.intents import (
    Away,
    Intent,
    IntentKind,
    NoRecipient,
    PutOff,
    R,
    Rejected,
    RetryLater,
    Sent,
    State,
    Unknown,
)

log = structlog.get_logger()
EVERY: Final = 0.5
AT_MOST: Final = 30.0
AT_ONCE: Final = 200
PATIENCE: Final = 600.0
"""Seconds between two tries to learn whom an intent is for, at most."""
OVERTAKEN: Final = "held back by the hourly limit, then told with a later message of the same line"
TWIN: Final = "the same address was told of this already"


class IntentSender(Generic[R]):
    """The only one who talks to a gateway."""

    def __init__(self, pool: Pool, kind: IntentKind[R], clock: Callable[[], datetime] = now) -> None:
        self.pool, self.kind, self.clock = pool, kind, clock
        self.lease = Lease(pool, f"intents-{kind.name}")
        self._careful = True
        """After a start or a fault one intent goes first, so that who is away is not asked by many."""

    async def run(self) -> None:
        """Send until cancelled; the longer somebody is away, the longer is the wait."""
        pause = EVERY
        while True:
            tried = 0
            try:
                tried = await self.send_some()
                pause = EVERY
            except (Away, *PASSING) as fault:
                log.warning("sender waits", kind=self.kind.name, cause=repr(fault), seconds=pause)
                pause = min(pause * 2, AT_MOST)
            if not tried:
                await asyncio.sleep(pause)

    async def send_some(self) -> int:
        """Send what is pending, up to two hundred; returns how many were tried.

        Raises `Away`: then nothing is lost. Returns 0 while another sender sends.
        """
        async with self.pool.acquire(timeout=5) as db:
            if not await queue.next_intents(db, self.kind.name, 1):
                return 0
        async with self.lease.held() as mine:
            return await self._send_round() if mine else 0

    async def _send_round(self) -> int:
        this = Round[R]()
        first, self._careful = self._careful, True
        if first:
            await self._send_batch(this, 1)
        await self._send_batch(this, AT_ONCE)
        self._careful = False
        return this.tried

    async def _send_batch(self, this: Round[R], limit: int) -> None:
        async with self.pool.acquire(timeout=5) as db:
            batch = await queue.next_intents(db, self.kind.name, limit)
        free = asyncio.Semaphore(self.kind.gateway.at_once)
        queueds = [queued for queued in heads(batch) if not queued.mark and not (queued.followed and queued.held_back)]
        await _all(self._find(this, queued, free) for queued in queueds)
        # Whoever comes after somebody whose recipient is not known could overtake them.
        known = [queued for queued in batch if this.away_from is None or queued.position < this.away_from]
        await _all(self._send_lane(lane, this, free) for lane in lanes(known, this))
        if this.away:
            raise this.away

    async def _find(self, this: Round[R], queued: Queued, free: asyncio.Semaphore) -> None:
        async with free:
            if this.away_from is not None and this.away_from < queued.position:
                return
            try:
                this.found[queued.intent.id] = await self.kind.recipient(queued.intent)
            except (NoRecipient, PutOff) as why:
                this.found[queued.intent.id] = why
            except Away as why:
                this.is_away(why, queued.position)

    async def _send_lane(self, lane: Sequence[Queued], this: Round[R], free: asyncio.Semaphore) -> None:
        async with free:
            for queued in lane:
                if this.stopped or not self.lease.holds():
                    return
                if this.holds(queued):
                    continue
                this.tried += 1
                try:
                    await self._send(queued, this)
                except BaseException:
                    this.stopped = True
                    raise

    async def _send(self, queued: Queued, this: Round[R]) -> None:
        if queued.followed and (queued.held_back or queued.intent.line in this.behind):
            this.behind.add(queued.intent.line)
            await self._merge(queued, OVERTAKEN)
            return
        # A recipient that may not be written to yet is not asked for again.
        if queued.mark and await self._held_back(queued, queued.mark, this):
            return
        try:
            recipient = await self._recipient(queued, this)
        except NoRecipient as why:
            await self._record(queued.intent, queued.attempts, State.SKIPPED, str(why))
        except PutOff as why:
            log.warning("intent put off", kind=self.kind.name, key=str(queued.intent.key), cause=str(why))
            this.lines.add(queued.intent.line)
            async with self.pool.acquire(timeout=5) as db:
                seconds = min(2.0 ** min(queued.attempts + 1, 10), PATIENCE)
                await queue.put_off(db, queued, seconds, why.waits, str(why))
        else:
            await self._send_to(queued, recipient, this)

    async def _recipient(self, queued: Queued, this: Round[R]) -> R:
        found = this.found.pop(queued.intent.id, None)
        if isinstance(found, Exception):
            raise found
        return await self.kind.recipient(queued.intent) if found is None else found

    async def _send_to(self, queued: Queued, recipient: R, this: Round[R]) -> None:
        if await self._held_back(queued, recipient.mark, this):
            return
        async with self.pool.acquire(timeout=5) as db:
            attempt = await queue.begin_sending(db, queued, self.lease, recipient.mark)
        if attempt is not None:
            await self._hand_over(queued, attempt, recipient)

    async def _held_back(self, queued: Queued, mark: bytes, this: Round[R]) -> bool:
        """Whether the intent must not go to this recipient now; then that is recorded."""
        async with self.pool.acquire(timeout=5) as db:
            standing = await queue.standing(db, queued, mark, self.kind.per_hour(queued.intent))
            until = max((at for at in (standing.earlier, standing.limited) if at), default=None)
            if until and not standing.told_already:
                why = Waits.HOURLY_LIMIT if standing.limited else Waits.EARLIER
                await queue.hold(db, queued, mark, until, why)
                log.warning("intent held back", key=str(queued.intent.key), why=why, until=until.isoformat())
                this.lines.add(queued.intent.line)
                this.marks.add(mark)
                return True
        if standing.told_already:
            await self._merge(queued, TWIN)
        return standing.told_already

    async def _hand_over(self, queued: Queued, attempt: int, recipient: R) -> None:
        match await self.kind.gateway.send(queued.intent, recipient):
            case Sent():
                await self._record(queued.intent, attempt, State.SENT, None)
            case Rejected(reason):
                await self._record(queued.intent, attempt, State.FAILED, reason)
            case Unknown(reason):
                await self._record(queued.intent, attempt, State.UNKNOWN, f"unknown: {reason}")
            case RetryLater(reason):
                async with self.pool.acquire(timeout=5) as db:
                    await queue.give_back(db, queued, attempt, self.kind.mask(reason))
                raise Away(self.kind.mask(reason))

    async def _merge(self, queued: Queued, why: str) -> None:
        """Nothing is sent, and the journal tells nothing: what the intent tells is told by another."""
        async with self.pool.acquire(timeout=5) as db:
            if await queue.finish(db, queued.intent, queued.attempts, State.MERGED, why):
                metrics.MESSAGES.labels(State.MERGED).inc()

    async def _record(self, intent: Intent, attempt: int, state: State, cause: str | None) -> None:
        at, cause = self.clock(), cause and self.kind.mask(cause)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if not await queue.finish(db, intent, attempt, state, cause):
                return
            work = await self.kind.repository.load(db, [intent.key], at)
            work.record(intent.key, self.kind.notes(intent, state, cause), at, intent.id)
            await self.kind.repository.save(db, work)
        metrics.MESSAGES.labels(state).inc()


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do these side by side, to the end of each: what is in the gateway's hands is recorded. Raises the first fault."""
    for end in await asyncio.gather(*works, return_exceptions=True):
        if end is not None:
            raise end
