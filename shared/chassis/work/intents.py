"""Intents: what is to be handed to a gateway, written with the fact that makes it necessary, and what became of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

import orjson

from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work.retention import Expired

REACHED: Final = Expired("intent_reached", "at < $1", timedelta(hours=1))
"""Which recipients were written to; the hourly limit looks no further back."""


@dataclass(frozen=True, slots=True)
class Intent:
    """Something to be sent once. `id` is the reference that the gateway is given.

    `key` is the aggregate whose journal tells the outcome, `about` the fact that is told. Those of one `line` go out in
    the order in which they were written. `body` is JSON, for the gateway and for whoever finds the recipient.
    """

    id: UUID
    kind: str
    key: UUID
    about: UUID
    line: str
    body: Mapping[str, Any]
    skipped: str | None = None
    """Why there is nobody to send it to; then it is kept, and never sent."""


class State(StrEnum):
    """What became of an intent.

    `unknown`: its sender died in the middle, so nobody can know. `merged`: a later one, or another one to the same
    recipient, tells the same, so this one was not sent.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Sent:
    """The gateway took it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The gateway will never take this one; it certainly did not go out. It is not tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The gateway takes nothing from anybody now, and this one certainly did not go out: everything waits."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have gone out or not, for instance because no answer came in time. It is never sent again by itself."""

    reason: str


Outcome = Sent | Rejected | RetryLater | Unknown


class Addressed(Protocol):
    """Somebody or something that an intent is for; `mark` is a keyed hash of the address."""

    @property
    def mark(self) -> bytes: ...


R = TypeVar("R", bound=Addressed)
R_contra = TypeVar("R_contra", bound=Addressed, contravariant=True)


class Gateway(Protocol[R_contra]):
    """Where intents leave. `at_once` says how many lines may be in its hands at the same time.

    What `send` raises is a fault of the program: the outcome of that intent is unknown.
    """

    name: str
    at_once: int

    async def send(self, intent: Intent, recipient: R_contra) -> Outcome: ...


class NoRecipient(Exception):
    """There is nobody to send this to, and there will be nobody: it is skipped."""


class PutOff(Exception):
    """Nobody can say now whom this one intent is for; `waits` names the reason in a word."""

    def __init__(self, cause: str, waits: str) -> None:
        super().__init__(cause)
        self.waits = waits


class Away(Exception):
    """Nothing can be sent now: the gateway, or whoever knows the recipients, answers nobody. Everything waits."""


@dataclass(frozen=True, slots=True)
class IntentKind(Generic[R]):
    """How intents of one kind are sent.

    `recipient` finds whom an intent is for and raises `NoRecipient`, `PutOff` or `Away`. `notes(intent, state, cause)`
    is pure: the facts that the journal of the intent's key tells of its outcome. `per_hour` is how many a recipient
    gets in an hour. `mask` hides what a gateway may quote in its reasons.
    """

    name: str
    repository: Repository[Any, Any]
    gateway: Gateway[R]
    recipient: Callable[[Intent], Awaitable[R]]
    notes: Callable[[Intent, State, str | None], Sequence[Any]]
    per_hour: Callable[[Intent], int]
    mask: Callable[[str], str] = str


def put(writes: WriteBatch, intents: Sequence[Intent]) -> None:
    """Write intents, each once by its id."""
    if intents:
        writes.add(
            """
            INSERT INTO intent (id, kind, key, about, line, body, state, cause, finished_at)
            SELECT *, CASE WHEN cause IS NOT NULL THEN now() END FROM unnest($1::intent_row[])
            ON CONFLICT (id) DO NOTHING
            """,
            [
                (i.id, i.kind, i.key, i.about, i.line, orjson.dumps(i.body, default=str).decode(),
                 State.SKIPPED if i.skipped else State.PENDING, i.skipped)
                for i in intents
            ],
        )  # fmt: skip
