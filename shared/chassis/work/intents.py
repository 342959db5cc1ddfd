"""Intents: messages that must be handed to a gateway. Each is stored in the transaction of the fact that causes it."""

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
"""The key in the body with the gateways that must not be used for this intent."""
TOLD: Final = "told"
"""The key in the body of a digest with the number of intents that it covers."""
TOLD_WITH: Final = "told_with"
"""The key in the body of a digest with the ids of the merged intents: they are restored if it cannot be sent."""
MASS: Final = "mass"
"""The key in the body of a mass message: one of many that tell the same, such as the end of a matter that thousands of
people support. Single messages go before mass messages."""
REACHED: Final = Expired("intent_reached", "at < $1", timedelta(hours=1))
"""The log of recipients for the hourly limit: rows that are older than an hour are not needed."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A message that must be sent once. `id` is the reference that the gateway gets.

    `key` is the id of the aggregate whose journal records the outcome, `about` the id of the fact that the message
    tells. Intents of one `line` are sent in the order in which they were written. `body` is JSON for the gateway and
    for the look-up of the recipient.
    """

    id: UUID
    kind: str
    key: UUID
    about: UUID
    line: str
    body: Mapping[str, Any]
    skipped: str | None = None
    """Why the intent has no recipient; then it is stored, but never sent."""
    traceparent: str | None = None
    """The trace to which its sending belongs."""

    @property
    def avoided(self) -> frozenset[str]:
        """The gateways that cannot reach its recipient."""
        return frozenset(self.body.get(AVOIDED, ()))

    @property
    def is_digest(self) -> bool:
        """Whether it is a digest: others were merged into it, so it must not be dropped."""
        return TOLD in self.body

    @property
    def is_mass(self) -> bool:
        """Whether it is a mass message."""
        return MASS in self.body


class IntentState(StrEnum):
    """The state of an intent.

    `sent`: the gateway took it. `delivered`: the gateway reported its arrival. `unknown`: no answer came in time, or
    the sender died while sending; it stays so until a report comes or a person decides. `skipped`: it has no recipient.
    `merged`: another intent covers it, so it was not sent. `cancelled`: a person cancelled it.
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
    """The gateway took the intent; `reference` is its own id for it in reports, if it does not use ours."""

    reference: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The gateway refuses the intent for good; it was certainly not sent, and is not tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotReached:
    """The gateway works, but cannot reach this recipient; the intent was certainly not sent. Its recipient is looked up
    again, with this gateway among the intent's `avoided`, because another gateway may reach it."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The gateway takes no intents at present; this one was certainly not sent.

    All intents of this gateway wait. It does not count as a try of the intent.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The gateway did not take this intent this time; it was certainly not sent. Others may be taken.

    It is tried again at most `TRIES` times, after growing pauses of at least `seconds`.
    """

    reason: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Unknown:
    """The intent may have been sent or not, for example because no answer came in time. It is not retried: a report of
    the gateway or a person settles it."""

    reason: str


Outcome = Sent | Rejected | NotReached | RetryLater | TryAgain | Unknown


class Addressed(Protocol):
    """The recipient of an intent; `mark` is a keyed hash of the address, `gateway` the name of the gateway that reaches
    it."""

    @property
    def mark(self) -> bytes: ...

    @property
    def gateway(self) -> str: ...


R = TypeVar("R", bound=Addressed)
R_contra = TypeVar("R_contra", bound=Addressed, contravariant=True)


class Gateway(Protocol[R_contra]):
    """Sends intents to their recipients; `at_once` is the most calls of `send` at a time.

    `send` returns every expected outcome. If it raises, that is a bug, and the outcome of the intent is unknown.
    """

    name: str
    at_once: int

    async def send(self, intent: Intent, recipient: R_contra) -> Outcome: ...

    async def close(self) -> None:
        """Close connections; called once, after the last `send`."""
        ...


class NoRecipient(Exception):
    """The intent has no recipient and will never have one: it is skipped."""


class PutOff(Exception):
    """The recipient of this intent is not known at present, or it is not time to send it; `waits` is the reason in a
    word.

    `until`: the intent must not be sent before that time, which does not count as a failure. `gathers`: the mark of its
    recipient; after the wait, other intents for this recipient are merged into it, see `IntentKind.digest`.
    """

    def __init__(self, cause: str, waits: str, until: datetime | None = None, gathers: bytes | None = None) -> None:
        super().__init__(cause)
        self.waits, self.until, self.gathers = waits, until, gathers


class RecipientsUnavailable(Exception):
    """No recipients can be looked up at present: all intents wait."""


Found = Mapping[UUID, R | NoRecipient | PutOff]
"""By the id of the intent: its recipient, or why it has none, or why it must wait."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The new body of an intent that covers several, and the ids of all that it covers."""

    body: Mapping[str, Any]
    covered: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class IntentKind(Generic[R]):
    """How intents of one kind are sent.

    `recipients` looks up recipients; it raises `Away`. `notes(intent, state, cause, via)` is pure: it returns the facts
    that record an outcome; `via` is the name of the gateway, or empty. `per_hour` is the most messages that a recipient
    gets in an hour. `mask` hides personal data that a gateway may quote in its reasons. `digest(intents)` is pure: it
    returns the digest of several intents for one recipient, or None if each must be sent by itself.
    """

    name: str
    repository: Repository[Any, Any]
    gateways: Sequence[Gateway[R]]
    recipients: Callable[[Sequence[Intent]], Awaitable[Found[R]]]
    notes: Callable[[Intent, IntentState, str | None, str], Sequence[Any]]
    per_hour: Callable[[Intent], int]
    mask: Callable[[str], str] = str
    digest: Callable[[Sequence[Intent]], Digest | None] = lambda intents: None


def put(writes: WriteBatch, intents: Sequence[Intent]) -> None:
    """Add intents to `writes`; an intent whose id exists already is skipped."""
    if intents:
        writes.add(
            """
            INSERT INTO intent (id, kind, key, about, line, body, state, cause, traceparent, finished_at)
            SELECT *, CASE WHEN cause IS NOT NULL THEN now() END FROM unnest($1::intent_traced_row[])
            ON CONFLICT (id) DO NOTHING
            """,
            [
                (i.id, i.kind, i.key, i.about, i.line, orjson.dumps(i.body, default=str).decode(),
                 IntentState.SKIPPED if i.skipped else IntentState.PENDING, i.skipped, i.traceparent)
                for i in intents
            ],
        )  # fmt: skip
