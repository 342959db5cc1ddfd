"""Sends what is to be told: takes a message, learns whom it is for, hands it to the sink, records the outcome."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from services.feedback.gateways.sinks import OutcomeUnknown, Rejected, Sink
from services.feedback.notifications import queries
from services.feedback.notifications.contacts import Away, ContactClient, Nobody, RetryLater
from services.feedback.notifications.lease import Lease
from services.feedback.notifications.messages import Message, State
from services.feedback.notifications.queries import Queued, Waits
from services.feedback.notifications.recipients import Recipient, mark
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base import metrics
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import PASSING, Pool
from shared.contracts.demand.facts import Fact, NotificationFailed, NotificationSent
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.profile import MESSAGES_PER_HOUR
from shared.masking import mask

log = structlog.get_logger()
EVERY: Final = 0.5
AT_MOST: Final = 30.0
AT_ONCE: Final = 100
GIVEN_UP_AFTER: Final = 60.0
"""Seconds that a message may be in the sink; after that its sender counts as dead."""
PATIENCE: Final = 600.0
OVERTAKEN: Final = "held back by the hourly limit, then told with a later message about the same demand"
TWIN: Final = "the same address was told of this already"


class SinkAway(Exception):
    """The sink takes no message from anybody now."""


@dataclass(slots=True)
class Waiting:
    """Whose messages wait, so that no later one of theirs overtakes within a batch, and who is told the last alone."""

    people: set[tuple[UUID, UUID | None]] = field(default_factory=set)
    behind: set[tuple[UUID, UUID | None]] = field(default_factory=set)
    addresses: set[bytes | None] = field(default_factory=set)

    def holds(self, queued: Queued) -> bool:
        """Whether an earlier message for the same person, or the same address, was put off."""
        return queued.person in self.people or (queued.mark is not None and queued.mark in self.addresses)


class Sender:
    """The only one who talks to a sink.

    Of several senders one sends at a time, in the order in which messages were intended. A message whose sender died
    in the sink is never sent blindly again.
    """

    def __init__(
        self,
        pool: Pool,
        repository: Repository[Demand, Fact],
        contacts: ContactClient,
        sink: Sink,
        packs: Jurisdictions,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.pool, self.repository, self.contacts, self.sink, self.packs = pool, repository, contacts, sink, packs
        self.clock, self.lease = clock, Lease(pool)

    async def run(self) -> None:
        """Send until cancelled; the longer intake or the sink is away, the longer is the wait."""
        pause = EVERY
        while True:
            sent = 0
            try:
                sent = await self.send_some()
                pause = EVERY
            except (Away, SinkAway, *PASSING) as fault:
                log.warning("sender waits", cause=repr(fault), seconds=pause)
                pause = min(pause * 2, AT_MOST)
            if not sent:
                await asyncio.sleep(pause)

    async def send_some(self) -> int:
        """Send what is pending, up to a hundred; returns how many were tried.

        Raises `Away` or `SinkAway`: then nothing is lost. Returns 0 while another sender sends.
        """
        async with self.pool.acquire(timeout=5) as db:
            if not await queries.next_messages(db, 1):
                return 0
        async with self.lease.held() as mine:
            return await self._send_batch() if mine else 0

    async def _send_batch(self) -> int:
        async with self.pool.acquire(timeout=5) as db:
            batch = await queries.next_messages(db, AT_ONCE)
        waiting, tried = Waiting(), 0
        for queued in batch:
            if waiting.holds(queued):
                continue
            if not await self.lease.renew():
                break
            tried += 1
            await self._send(queued, waiting)
        return tried

    async def _send(self, queued: Queued, waiting: Waiting) -> None:
        if queued.followed and (queued.held_back or queued.person in waiting.behind):
            waiting.behind.add(queued.person)
            await self._merge(queued, OVERTAKEN)
            return
        # An address that may not be written to yet is not asked for again.
        if queued.mark and await self._held_back(queued, queued.mark, waiting):
            return
        try:
            recipient = await self.contacts.recipient(queued)
        except Nobody as why:
            await self._record(queued.message, queued.attempts, State.SKIPPED, str(why))
        except RetryLater as why:
            log.warning("message put off", demand=queued.number, cause=str(why))
            waiting.people.add(queued.person)
            async with self.pool.acquire(timeout=5) as db:
                await queries.put_off(db, queued, min(2.0 ** min(queued.attempts + 1, 10), PATIENCE), str(why))
        else:
            await self._send_to(queued, recipient, waiting)

    async def _send_to(self, queued: Queued, recipient: Recipient, waiting: Waiting) -> None:
        address = mark(recipient, self.contacts.tokens.secret)
        if await self._held_back(queued, address, waiting):
            return
        async with self.pool.acquire(timeout=5) as db:
            attempt = await queries.begin_sending(db, queued, self.lease.holder, address)
        if attempt is not None:
            await self._hand_over(queued.message, attempt, recipient)

    async def _held_back(self, queued: Queued, address: bytes, waiting: Waiting) -> bool:
        """Whether the message must not go to this address now; then that is recorded."""
        async with self.pool.acquire(timeout=5) as db:
            standing = await queries.standing(db, queued, address, self._per_hour(queued))
            until = max((at for at in (standing.earlier, standing.limited) if at), default=None)
            if until and not standing.told_already:
                why = Waits.HOURLY_LIMIT if standing.limited else Waits.EARLIER
                await queries.hold(db, queued, address, until, why)
                log.warning("message held back", demand=queued.number, why=why, until=until.isoformat())
                waiting.people.add(queued.person)
                waiting.addresses.add(address)
                return True
        if standing.told_already:
            await self._merge(queued, TWIN)
        return standing.told_already

    def _per_hour(self, queued: Queued) -> int:
        pack = self.packs.get(queued.jurisdiction)
        return pack.messages_per_hour if pack else MESSAGES_PER_HOUR

    async def _hand_over(self, message: Message, attempt: int, recipient: Recipient) -> None:
        try:
            self.sink.write(message, recipient)
        except Rejected as fault:
            await self._record(message, attempt, State.FAILED, str(fault))
        except OutcomeUnknown as fault:
            await self._record(message, attempt, State.UNKNOWN, f"unknown: {fault}")
        except OSError as fault:
            async with self.pool.acquire(timeout=5) as db:
                await queries.give_back(db, message.id, attempt, str(fault))
            raise SinkAway(str(fault)) from None
        else:
            await self._record(message, attempt, State.SENT, None)

    async def _merge(self, queued: Queued, why: str) -> None:
        """Nothing is sent, and the demand's record says nothing: what the message tells is told by another."""
        async with self.pool.acquire(timeout=5) as db:
            if await queries.finish_message(db, queued.message.id, queued.attempts, State.MERGED, why):
                metrics.MESSAGES.labels(State.MERGED).inc()

    async def _record(self, message: Message, attempt: int, state: State, cause: str | None) -> None:
        at, about = self.clock(), _about(message, self.sink)
        # A gateway may quote the telephone or the words that it refuses.
        cause = mask(cause) if cause else cause
        note: Fact = NotificationFailed(**about, cause=cause) if cause else NotificationSent.model_validate(about)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if not await queries.finish_message(db, message.id, attempt, state, cause):
                return
            work = await self.repository.load(db, [message.demand_id], at)
            work.record(message.demand_id, [note], at, message.id)
            await self.repository.save(db, work)
        metrics.MESSAGES.labels(state).inc()

    async def watch(self) -> None:
        """Tell what became unknown, and how much waits, until cancelled."""
        while True:
            found = 0
            try:
                found = await self.give_up_some()
                await self.count_waiting()
            except PASSING as fault:
                log.warning("sender waits", cause=repr(fault))
            if not found:
                await asyncio.sleep(GIVEN_UP_AFTER / 4)

    async def give_up_some(self) -> int:
        """Give up on messages whose sender died in the middle, and tell it, so that somebody sees it."""
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            lost = await queries.abandon_sendings(db, GIVEN_UP_AFTER, AT_ONCE)
            work = await self.repository.load(db, [message.demand_id for message in lost], at)
            for message in lost:
                # Under a name of its own: a sender that was only slow will still tell what it did.
                note = NotificationFailed(**_about(message, self.sink), cause=queries.DIED)
                work.record(message.demand_id, [note], at, uuid5(message.id, State.UNKNOWN))
            await self.repository.save(db, work)
        metrics.MESSAGES.labels(State.UNKNOWN).inc(len(lost))
        return len(lost)

    async def count_waiting(self) -> None:
        """Set the gauges of what waits."""
        async with self.pool.acquire(timeout=5) as db:
            waiting, oldest = await queries.backlog(db)
        for why in ("turn", *Waits):
            metrics.MESSAGES_WAITING.labels(why).set(dict(waiting).get(why, 0))
        metrics.MESSAGES_OLDEST.set(oldest)


def _about(message: Message, sink: Sink) -> dict[str, Any]:
    return {"template": message.template, "via": sink.name, "about": message.fact_id}
