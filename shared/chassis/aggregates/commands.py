"""Handles commands: each once, in one transaction; a repetition is answered as the command was at first."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar
from uuid import UUID

from structlog.contextvars import bound_contextvars

from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.tracing import spans
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.rules import F, S

A = TypeVar("A")
StateT = TypeVar("StateT", contravariant=True)
FactT = TypeVar("FactT", covariant=True)
AnswerT = TypeVar("AnswerT", covariant=True)
ANSWERS: Final = "command_answer"
"""The table of answers under a key; a service keeps them as long as a repetition may come."""


class Command(Protocol[StateT, FactT, AnswerT]):
    """What somebody asks of one aggregate; `AnswerT` is what is answered."""

    @property
    def key(self) -> UUID:
        """The id of the aggregate."""
        ...

    @property
    def cause(self) -> UUID:
        """The same for every repetition: the ids of the facts are derived from it."""
        ...

    async def known(self, db: Connection, state: StateT) -> AnswerT | None:
        """What was answered before, if this is a repetition; raises `Refused` where it repeats something else."""
        ...

    async def decide(self, db: Connection, state: StateT, at: datetime) -> Sequence[FactT]:
        """What happens; raises `Refused`. Other rows of the same transaction are written here."""
        ...

    def answer(self, writes: WriteBatch, state: StateT, at: datetime) -> AnswerT:
        """What is answered, with what a repetition is recognised by added to the batch; `state` is the new one."""
        ...


@dataclass(frozen=True, slots=True)
class CommandHandler(Generic[S, F]):
    """Locks the aggregate, looks for a known answer, decides, records, and keeps the answer."""

    repository: Repository[S, F]
    clock: Callable[[], datetime] = now

    async def handle(self, db: Connection, command: Command[S, F, A]) -> A:
        """The answer, within the caller's transaction; raises `Refused`, and then nothing is written."""
        stream = self.repository.rules.stream
        with bound_contextvars(**{stream: str(command.key)}):
            return await self._handled(db, command, self.clock())

    async def _handled(self, db: Connection, command: Command[S, F, A], at: datetime) -> A:
        work = await self.repository.load(db, [command.key], at)
        rules = self.repository.rules
        spans.current().about(rules.stream, command.key, rules.subject(work.state(command.key)))
        known = await command.known(db, work.state(command.key))
        if known is not None:
            return known
        facts = await command.decide(db, work.state(command.key), at)
        work.record(command.key, facts, at, command.cause)
        writes = WriteBatch()
        self.repository.put(writes, work)
        answer = command.answer(writes, work.state(command.key), at)
        await writes.write(db)
        return answer


async def kept_answer(db: Connection, cause: UUID, content: str) -> str | None:
    """The answer (JSON) under this cause; raises `Refused` where the key was used for other content."""
    row = await db.fetchrow("SELECT content, answer::text FROM command_answer WHERE cause = $1", cause)
    if row is None:
        return None
    if row["content"] != _hashed(content):
        en = "this key was used for another command; send a new Idempotency-Key"
        zh = "该幂等键已用于其他操作，请换一个新的幂等键"
        raise Refused(Code.KEY_REUSED, en, zh, (FieldError("Idempotency-Key", zh, en),))
    answer: str = row["answer"]
    return answer


def keep_answer(writes: WriteBatch, cause: UUID, content: str, answer: str, at: datetime) -> None:
    """Keep an answer (JSON) under its cause; of the content only a hash is kept, to recognise a repetition by."""
    writes.add(
        "INSERT INTO command_answer (cause, content, answer, answered_at) VALUES ($1, $2, $3::text::jsonb, $4)",
        cause,
        _hashed(content),
        answer,
        at,
    )


def _hashed(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()
