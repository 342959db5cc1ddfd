"""Sends what is to be told: claims a message, hands it to the sink, records the outcome."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import structlog

from services.feedback import queries
from services.feedback.queries import Message
from shared.chassis.clock import now
from shared.chassis.database import PASSING, Pool
from shared.chassis.ledger import Ledger
from shared.contracts.demand import Demand
from shared.contracts.facts import Fact, NotificationFailed, NotificationSent

log = structlog.get_logger()
EVERY: Final = 0.5
AT_ONCE: Final = 100
LEASE: Final = 60.0


class Sink(Protocol):
    """Where messages go; raises `OSError` when the message certainly did not."""

    name: str

    def write(self, message: Message) -> None: ...


class LogSink:
    """Messages appear in the log: for trying."""

    name = "console"

    def write(self, message: Message) -> None:
        """One line, to a reference rather than a person."""
        log.info("message", to=str(message.contact or "nobody"), template=message.template, body=message.body)


class FileSink:
    """Messages are appended to a file as JSON lines."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, message: Message) -> None:
        """Append and close, so that the line is there when this returns."""
        told = {
            "id": str(message.id),
            "to": str(message.contact) if message.contact else None,
            "demand_id": str(message.demand_id),
            "template": message.template,
            "body": message.body,
        }
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(told, ensure_ascii=False) + "\n")


@dataclass(frozen=True, slots=True)
class Sender:
    """The only one who talks to a sink; a message whose sender died in between is never sent blindly again."""

    pool: Pool
    ledger: Ledger[Demand, Fact]
    sink: Sink
    clock: Callable[[], datetime] = now

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            sent = 0
            try:
                sent = await self.send_some()
            except PASSING as fault:
                log.warning("sender waits", cause=repr(fault))
            if not sent:
                await asyncio.sleep(EVERY)

    async def send_some(self) -> int:
        """Send what is pending, up to a hundred; returns how many were tried."""
        async with self.pool.acquire(timeout=5) as db:
            await queries.abandon_claims(db, LEASE)
            messages = await queries.claim_messages(db, AT_ONCE)
        for message in messages:
            await self._send(message)
        return len(messages)

    async def _send(self, message: Message) -> None:
        try:
            self.sink.write(message)
        except OSError as fault:
            await self._record(message, "failed", str(fault))
        else:
            await self._record(message, "sent", None)

    async def _record(self, message: Message, state: str, cause: str | None) -> None:
        about = {"template": message.template, "via": self.sink.name, "about": message.fact_id}
        note: Fact = NotificationFailed(**about, cause=cause) if cause else NotificationSent.model_validate(about)
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            await queries.finish_message(db, message.id, state, cause)
            page = await self.ledger.load(db, [message.demand_id], at)
            page.tell(message.demand_id, [note], at, message.id)
            await self.ledger.save(db, page)
