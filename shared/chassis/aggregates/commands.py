"""Handles commands: each is executed once, in one transaction; a repeated command gets the first answer again."""

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
"""The table of stored answers. A service keeps an answer for as long as the client may repeat the command."""


class Command(Protocol[StateT, FactT, AnswerT]):
    """A request to change one aggregate; `AnswerT` is the type of the answer."""

    @property
    def key(self) -> UUID:
        """The id of the aggregate."""
        ...

    @property
    def cause(self) -> UUID:
        """An id that is the same for every repetition of this command: the ids of the new facts are derived from it."""
        ...

    async def known(self, db: Connection, state: StateT) -> AnswerT | None:
        """The first answer if this command is a repetition, else None.

        Raises `Refused` if the same key was used before for a different command.
        """
        ...

    async def decide(self, db: Connection, state: StateT, at: datetime) -> Sequence[FactT]:
        """The facts that this command causes; raises `Refused`. It may write other rows in the same transaction."""
        ...

    def answer(self, writes: WriteBatch, state: StateT, at: datetime) -> AnswerT:
        """The answer, from the new `state`. Adds the rows to `writes` by which `known` recognises a repetition."""
        ...


@dataclass(frozen=True, slots=True)
class CommandHandler(Generic[S, F]):
    """Locks the aggregate, looks for a stored answer, decides, records the new facts, and stores the answer."""

    repository: Repository[S, F]
    clock: Callable[[], datetime] = now

    async def handle(self, db: Connection, command: Command[S, F, A]) -> A:
        """The answer. Works in the caller's transaction; if it raises `Refused`, it has written nothing."""
        stream = self.repository.rules.stream
        with bound_contextvars(**{stream: str(command.key)}):
            return await self._execute(db, command, self.clock())

    async def _execute(self, db: Connection, command: Command[S, F, A], at: datetime) -> A:
        work = await self.repository.load(db, [command.key], at)
        rules = self.repository.rules
        spans.current().about(rules.stream, command.key, rules.subject(work.state(command.key)))
        first_answer = await command.known(db, work.state(command.key))
        if first_answer is not None:
            return first_answer
        facts = await command.decide(db, work.state(command.key), at)
        work.record(command.key, facts, at, command.cause)
        writes = WriteBatch()
        self.repository.put(writes, work)
        answer = command.answer(writes, work.state(command.key), at)
        await writes.write(db)
        return answer


async def kept_answer(db: Connection, cause: UUID, content: str) -> str | None:
    """The answer (JSON) stored for this cause, or None; raises `Refused` if its content was a different one."""
    row = await db.fetchrow("SELECT content, answer::text FROM command_answer WHERE cause = $1", cause)
    if row is None:
        return None
    if row["content"] != _digest(content):
        en = "this key was used for another command; send a new Idempotency-Key"
        zh = "该幂等键已用于其他操作，请换一个新的幂等键"
        raise Refused(Code.KEY_REUSED, en, zh, (FieldError("Idempotency-Key", zh, en),))
    answer: str = row["answer"]
    return answer


def keep_answer(writes: WriteBatch, cause: UUID, content: str, answer: str, at: datetime) -> None:
    """Store an answer (JSON) for its cause, with a hash of the command's content to recognise a repetition."""
    writes.add(
        "INSERT INTO command_answer (cause, content, answer, answered_at) VALUES ($1, $2, $3::text::jsonb, $4)",
        cause,
        _digest(content),
        answer,
        at,
    )


def _digest(content: str) -> bytes:
    return hashlib.sha256(content.encode()).digest()
