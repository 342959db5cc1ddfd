"""Intents: what is to be handed to a gateway, written with the fact that makes it necessary, and what became of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

import orjson

from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work.retention import Expired

AVOIDED: Final = "avoided"
"""What the body says of gateways, in addition to what its writer put there."""
TOLD: Final = "told"
"""How many intents one tells, where it tells others too: it says so in its body, since those have ended."""
TOLD_WITH: Final = "told_with"
"""The ids of those that ended for one that tells others: they come back where there is nobody to send it to."""
MASS: Final = "mass"
"""Stands in the body of an intent that is one of many which tell the same, such as the end of a matter that thousands
support: what is told to one recipient alone goes before those."""
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
    traceparent: str | None = None
    """The trace that its sending is part of."""

    @property
    def avoided(self) -> frozenset[str]:
        """The gateways that did not reach its recipient."""
        return frozenset(self.body.get(AVOIDED, ()))

    @property
    def tells_others(self) -> bool:
        """Whether others ended for this one: what it says is said by no other."""
        return TOLD in self.body

    @property
    def is_mass(self) -> bool:
        """Whether it is one of many that tell the same."""
        return MASS in self.body


class State(StrEnum):
    """What became of an intent.

    `sent`: the gateway took it. `delivered`: the gateway reported that it arrived. `unknown`: no answer came in time,
    or its sender died in the middle, so nobody can know until a report comes or a person decides. `merged`: a later
    one, or another one to the same recipient, tells the same, so this one was not sent. `cancelled`: by a person.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    MERGED = "merged"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Sent:
    """The gateway took it; `reference` is how the gateway calls it in its reports, where not by our id."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The gateway will never take this one; it certainly did not go out. It is not tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """The gateway works and does not reach this recipient; it certainly did not go out. Another gateway may: whoever
    knows recipients is asked again, and finds this gateway among the intent's `avoided`."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The gateway takes nothing from anybody now, and this one certainly did not go out.

    Everything that leaves through this gateway waits; it costs the intent no try.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The gateway did not take this one this time, and it certainly did not go out; others may be taken.

    It is tried again after a pause that grows, at least `seconds`, and at most `TRIES` times.
    """

    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have gone out or not, for instance because no answer came in time. It is never sent again by itself: a
    report of the gateway or a person settles it."""

    reason: str


Outcome = Sent | Rejected | NotReached | RetryLater | TryAgain | Unknown


class Addressed(Protocol):
    """Somebody or something that an intent is for; `mark` is a keyed hash of the address, `gateway` the name of the
    gateway that reaches it."""

    @property
    def mark(self) -> bytes: ...

    @property
    def gateway(self) -> str: ...


R = TypeVar("R", bound=Addressed)
R_contra = TypeVar("R_contra", bound=Addressed, contravariant=True)


class Gateway(Protocol[R_contra]):
    """Where intents leave. `at_once` says how many may be in its hands at the same time.

    What `send` raises is a fault of the program: the outcome of that intent is unknown.
    """

    name: str
    at_once: int

    async def send(self, intent: Intent, recipient: R_contra) -> Outcome: ...

    async def close(self) -> None:
        """Give up connections; called once, when nothing is sent any more."""
        ...


class NoRecipient(Exception):
    """There is nobody to send this to, and there will be nobody: it is skipped."""


class PutOff(Exception):
    """Nobody can say now whom this one intent is for; `waits` names the reason in a word.

    `until`: it is not to go out before that moment, which is no failure. `gathers`, the mark of its recipient: when it
    waited, what waits for the same recipient becomes one with it, see `IntentKind.digest`.
    """

    def __init__(self, cause: str, waits: str, until: datetime | None = None, gathers: bytes | None = None) -> None:
        super().__init__(cause)
        self.waits, self.until, self.gathers = waits, until, gathers


class Away(Exception):
    """Nobody can say now whom anything is for: everything waits."""


Found = Mapping[UUID, R | NoRecipient | PutOff]
"""By intent: whom it is for, or why there is nobody, or why nobody can say."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What one intent says for several: its body from now on, and which of them are told with it."""

    body: Mapping[str, Any]
    told: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class IntentKind(Generic[R]):
    """How intents of one kind are sent.

    `recipients` finds whom intents are for and raises `Away`. `notes(intent, state, cause, via)` is pure: the facts
    that the journal of the intent's key tells of its outcome; `via` names the gateway, empty where none was asked.
    `per_hour` is how many a recipient gets in an hour. `mask` hides what a gateway may quote in its reasons.
    `digest(intents)` is pure: what the first of several that were gathered for one recipient says for them, or None
    where each is sent by itself.
    """

    name: str
    repository: Repository[Any, Any]
    gateways: Sequence[Gateway[R]]
    recipients: Callable[[Sequence[Intent]], Awaitable[Found[R]]]
    notes: Callable[[Intent, State, str | None, str], Sequence[Any]]
    per_hour: Callable[[Intent], int]
    mask: Callable[[str], str] = str
    digest: Callable[[Sequence[Intent]], Digest | None] = lambda intents: None


def put(writes: WriteBatch, intents: Sequence[Intent]) -> None:
    """Write intents, each once by its id."""
    if intents:
        writes.add(
            """
            INSERT INTO intent (id, kind, key, about, line, body, state, cause, traceparent, finished_at)
            SELECT *, CASE WHEN cause IS NOT NULL THEN now() END FROM unnest($1::intent_traced_row[])
            ON CONFLICT (id) DO NOTHING
            """,
            [
                (i.id, i.kind, i.key, i.about, i.line, orjson.dumps(i.body, default=str).decode(),
                 State.SKIPPED if i.skipped else State.PENDING, i.skipped, i.traceparent)
                for i in intents
            ],
        )  # fmt: skip
