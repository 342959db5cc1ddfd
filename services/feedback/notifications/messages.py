"""Messages as they are intended: what is to be told to whom, written with the fact that it tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand.facts import ChannelKind


@dataclass(frozen=True, slots=True)
class Message:
    """A notification to be sent."""

    id: UUID
    demand_id: UUID
    fact_id: UUID
    contact: UUID | None
    template: str
    body: str
    channel_kind: ChannelKind | None = None
    """Of whoever supports a demand; None: the demand's own."""


@dataclass(frozen=True, slots=True)
class SupporterNotice:
    """One text for everybody who supports a demand."""

    demand_id: UUID
    fact_id: UUID
    template: str
    body: str


class State(StrEnum):
    """What became of a message.

    `unknown`: its sender died in the middle, so nobody can know. `merged`: a later message, or another one to the same
    address, tells the same, so this one was not sent.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    MERGED = "merged"


NO_CONTACT: Final = "the demand came without a contact"


def put_messages(writes: WriteBatch, messages: Sequence[Message]) -> None:
    """Write intents; one for each demand, fact, template and contact. Where nobody can be told, that is all."""
    if messages:
        rows = [
            (m.id, m.demand_id, m.fact_id, m.contact, m.template, m.body, m.channel_kind, *_fate(m)) for m in messages
        ]
        writes.add(
            """
            INSERT INTO notification
                (id, demand_id, fact_id, contact, template, body, channel_kind, state, cause, finished_at)
            SELECT *, CASE WHEN cause IS NOT NULL THEN now() END
            FROM unnest($1::notification_row[])
            ON CONFLICT DO NOTHING
            """,
            rows,
        )


def put_supporters(writes: WriteBatch, supporters: Sequence[tuple[UUID, UUID, ChannelKind | None]]) -> None:
    """Remember who supports which demand: its id, the contact, the channel that they came by."""
    if supporters:
        writes.add(
            """
            INSERT INTO supporter (demand_id, contact, channel_kind) SELECT * FROM unnest($1::supporter_row[])
            ON CONFLICT DO NOTHING
            """,
            list(supporters),
        )


def put_supporter_notices(writes: WriteBatch, notices: Sequence[SupporterNotice]) -> None:
    """Write an intent for every supporter; `writes` must come after those that remember supporters."""
    if notices:
        writes.add(
            """
            INSERT INTO notification (id, demand_id, fact_id, contact, template, body, channel_kind)
            SELECT md5(notice.fact_id::text || supporter.contact::text)::uuid, demand_id, notice.fact_id,
                supporter.contact, notice.template, notice.body, supporter.channel_kind
            FROM unnest($1::supporter_notice_row[]) AS notice JOIN supporter USING (demand_id)
            ON CONFLICT DO NOTHING
            """,
            [(n.demand_id, n.fact_id, n.template, n.body) for n in notices],
        )


def _fate(message: Message) -> tuple[State, str | None]:
    return (State.PENDING, None) if message.contact else (State.SKIPPED, NO_CONTACT)
