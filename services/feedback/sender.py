"""Sends what is to be told: claims a message, learns whom it is for, hands it to the sink, records the outcome."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from services.feedback import messages
from services.feedback.contacts import Away, Contacts, Nobody, PutOff
from services.feedback.messages import Claim, Message, State
from services.feedback.recipients import Recipient
from services.feedback.sinks import Sink
from shared.chassis.clock import now, uuid5
from shared.chassis.database import PASSING, Pool
from shared.chassis.ledger import Ledger
from shared.contracts.demand import Demand
from shared.contracts.facts import Fact, NotificationFailed, NotificationSent

log = structlog.get_logger()
EVERY: Final = 0.5
AT_MOST: Final = 30.0
AT_ONCE: Final = 100
LEASE: Final = 60.0
PATIENCE: Final = 600.0


@dataclass(frozen=True, slots=True)
class Sender:
    """The only one who talks to a sink; a message whose sender died in between is never sent blindly again."""

    pool: Pool
    ledger: Ledger[Demand, Fact]
    contacts: Contacts
    sink: Sink
    clock: Callable[[], datetime] = now

    async def run(self) -> None:
        """Send until cancelled; the longer intake is away, the longer is the wait."""
        pause = EVERY
        while True:
            sent = 0
            try:
                sent = await self.send_some()
                pause = EVERY
            except (Away, *PASSING) as fault:
                log.warning("sender waits", cause=repr(fault))
                pause = min(pause * 2, AT_MOST)
            if not sent:
                await asyncio.sleep(pause)

    async def watch(self) -> None:
        """Tell what became unknown, until cancelled."""
        while True:
            found = 0
            try:
                found = await self.give_up_some()
            except PASSING as fault:
                log.warning("sender waits", cause=repr(fault))
            if not found:
                await asyncio.sleep(LEASE / 4)

    async def give_up_some(self) -> int:
        """Give up on messages whose sender died in the middle, and tell it, so that somebody sees it."""
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            lost = await messages.abandon_claims(db, LEASE, AT_ONCE)
            page = await self.ledger.load(db, [message.demand_id for message in lost], at)
            for message in lost:
                # Under a name of its own: a sender that was only slow will still tell what it did.
                note = NotificationFailed(**self._about(message), cause=messages.DIED)
                page.tell(message.demand_id, [note], at, uuid5(message.id, State.UNKNOWN))
            await self.ledger.save(db, page)
        return len(lost)

    async def send_some(self) -> int:
        """Send what is pending, up to a hundred; returns how many were tried. Raises `Away`: then nothing is lost."""
        async with self.pool.acquire(timeout=5) as db:
            claims = await messages.claim_messages(db, AT_ONCE, LEASE)
        for n, claim in enumerate(claims):
            try:
                await self._send(claim)
            except Away:
                await self._put_off(claims[n:], 0)
                raise
        return len(claims)

    async def _send(self, claim: Claim) -> None:
        try:
            recipient = await self.contacts.recipient(claim)
        except Nobody as why:
            await self._record(claim, State.SKIPPED, str(why))
        except PutOff as why:
            log.warning("message put off", demand=claim.number, cause=str(why))
            await self._put_off([claim], min(2.0 ** min(claim.attempt, 10), PATIENCE))
        else:
            await self._hand_over(claim, recipient)

    async def _hand_over(self, claim: Claim, recipient: Recipient) -> None:
        async with self.pool.acquire(timeout=5) as db:
            if not await messages.begin_sending(db, claim):
                return
        try:
            self.sink.write(claim.message, recipient)
        except OSError as fault:
            await self._record(claim, State.FAILED, str(fault))
        else:
            await self._record(claim, State.SENT, None)

    async def _put_off(self, claims: Sequence[Claim], seconds: float) -> None:
        async with self.pool.acquire(timeout=5) as db:
            await messages.put_off(db, claims, seconds)

    async def _record(self, claim: Claim, state: State, cause: str | None) -> None:
        message, at = claim.message, self.clock()
        about = self._about(message)
        note: Fact = NotificationFailed(**about, cause=cause) if cause else NotificationSent.model_validate(about)
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            if not await messages.finish_message(db, claim, state, cause):
                return
            page = await self.ledger.load(db, [message.demand_id], at)
            page.tell(message.demand_id, [note], at, message.id)
            await self.ledger.save(db, page)

    def _about(self, message: Message) -> dict[str, Any]:
        return {"template": message.template, "via": self.sink.name, "about": message.fact_id}
