"""Stores the parts of long text messages until all have come or the waiting time is over, for all processes
together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final
from uuid import UUID

from services.intake.inbound.sms import part_queries as queries
from services.intake.inbound.sms.part_queries import PartedText
from services.intake.inbound.sms.parts import Joined, PartBytes, TextPart, joined
from services.intake.vault.sealing import Key, Vault
from shared.chassis.base.clock import now, uuid5, uuid7
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.work.retention import Expired

AGAIN_AFTER: Final = timedelta(minutes=1)
"""A process that closed a message has so long to take it in; then a worker does."""
LATE: Final = timedelta(days=1)
"""So long a missing part can still belong to a message that was taken in without it; later its reference may be a new
message's."""
EXPIRED: Final = Expired("parted_text", "taken_at < $1", timedelta(days=8))
"""Messages are deleted after so long; longer than gateways and centres repeat a part."""
AT_ONCE: Final = 20


class PartedState(Enum):
    """The state of a long message after a part of it came."""

    WAITS = auto()
    """More parts are to come."""
    CLOSED = auto()
    """It is to be taken in."""
    TAKEN = auto()
    """It was taken in, with this part."""
    LATE = auto()
    """It was closed without this part."""


@dataclass(frozen=True, slots=True)
class Added:
    """The message to which a part was added. `reply` is the answer that its sender got, `number` the demand that it
    became."""

    text: UUID
    state: PartedState
    reply: str = ""
    number: str | None = None


@dataclass(frozen=True, slots=True)
class PartedTexts:
    """Stores long messages. Every method is one transaction, and another process may continue what one began."""

    pool: Pool
    vault: Vault
    clock: Callable[[], datetime] = now

    async def add(self, channel: str, sender: str, part: TextPart, piece: PartBytes, wait: timedelta) -> Added:
        """Store a part. `wait` is how long a message waits for its parts, from the first one on."""
        thread = self.vault.pseudonym(f"parts of\n{channel}\n{sender}\n{part.reference}\n{part.total}")
        digest = self.vault.pseudonym(f"part\n{channel}\n{sender}\n{piece.words.hex()}")
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            text = await queries.lock_thread(db, thread)
            digests = await queries.digests(db, text.id) if text else {}
            if text and digests.get(part.number) == digest:
                return self._state_of(text)
            if text and part.number not in digests and text.closed_at and at - text.begun_at < LATE:
                return replace(self._state_of(text), state=PartedState.LATE)
            if text is None or text.closed_at or part.number in digests:
                digests, text = {}, self._begun(channel, sender, part.total, at)
                await queries.put_text(db, text, thread, at + wait)
            await self._put(db, text, piece, digest)
            if len(digests) + 1 < part.total:
                return Added(text.id, PartedState.WAITS)
            await queries.close(db, text.id, at, at + AGAIN_AFTER)
        return Added(text.id, PartedState.CLOSED)

    async def claim_due(self) -> Sequence[PartedText]:
        """The messages whose waiting time is over, claimed by this process for a while."""
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db:
            return await queries.claim_due(db, at, at + AGAIN_AFTER, AT_ONCE)

    async def read(self, id: UUID) -> tuple[str, Joined] | None:
        """The sender and the parts of a message; None after it was taken in. Raises
        `cryptography.exceptions.InvalidTag` if the master key is another one."""
        async with self.pool.acquire(timeout=5) as db, db.transaction(isolation="repeatable_read"):
            text = await queries.by_id(db, id)
            sealed = await queries.pieces(db, id)
        if text is None or text.sender is None:
            return None
        key = self._key(text)
        opened = [replace(piece, words=key.open(_box(id, piece.number), piece.words)) for piece in sealed]
        return key.open(id, text.sender).decode(), joined(opened, text.total)

    async def settle(self, id: UUID, number: str, reply: str) -> None:
        """Record that a message was taken in; its text is stored elsewhere then."""
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            text = await queries.by_id(db, id)
            if text and text.taken_at is None:
                box = self._key(text).seal(_box(id, 0), reply.encode())
                await queries.settle(db, id, number, box, self.clock())

    def _begun(self, channel: str, sender: str, total: int, at: datetime) -> PartedText:
        key = self.vault.new_key(uuid7())
        sealed = key.seal(key.id, sender.encode())
        return PartedText(key.id, channel, total, self.vault.wrap(key), sealed, at, None, None, None, None)

    async def _put(self, db: Connection, text: PartedText, piece: PartBytes, digest: bytes) -> None:
        sealed = self._key(text).seal(_box(text.id, piece.number), piece.words)
        await queries.put_part(db, text.id, replace(piece, words=sealed), digest)

    def _state_of(self, text: PartedText) -> Added:
        if text.reply is not None:
            reply = self._key(text).open(_box(text.id, 0), text.reply).decode()
            return Added(text.id, PartedState.TAKEN, reply, text.number)
        return Added(text.id, PartedState.CLOSED if text.closed_at else PartedState.WAITS)

    def _key(self, text: PartedText) -> Key:
        return self.vault.unwrap(text.id, text.wrapped)


def _box(text: UUID, part: int) -> UUID:
    """The id of the box of a part; 0 is that of the answer."""
    return uuid5(text, f"part {part}")
