"""Messages as they are intended: what is to be told to whom, written with the fact that it tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson

from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work import intents
from shared.chassis.work.intents import MASS, Intent
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.notices import Notice

MESSAGE: Final = "message"
"""The kind of intent."""
NO_CONTACT: Final = "the demand came without a contact"


@dataclass(frozen=True, slots=True)
class Message:
    """A notification to be sent; `channel_kind` is of whoever it is for."""

    id: UUID
    demand_id: UUID
    fact_id: UUID
    contact: UUID | None
    template: str
    text: str
    channel_kind: ChannelKind
    number: str
    jurisdiction: str
    values: Mapping[str, str]
    """What stands in the text by name, for gateways that take the variables of an approved template."""
    urgent: bool = False
    """Whether the demand is of the highest urgency (特急)."""
    mass: bool = False
    """Whether it is one of many that tell the same: of a demand that was merged into another one."""
    traceparent: str | None = None
    """The trace of the fact that it tells."""

    def intent(self) -> Intent:
        """The message as it is queued. What one person is told of one demand goes out in order.

        The link that somebody asked for, and news of an emergency, wait for nothing that was to be told before.
        """
        aside = "/asked" if self.template == Notice.LINK_REQUESTED else "/urgent" if self.urgent else ""
        return Intent(
            id=self.id,
            kind=MESSAGE,
            key=self.demand_id,
            about=self.fact_id,
            line=f"{self.demand_id}/{self.contact}{aside}",
            body={
                "template": self.template,
                "text": self.text,
                "contact": self.contact and str(self.contact),
                "channel_kind": self.channel_kind,
                "number": self.number,
                "jurisdiction": self.jurisdiction,
                "values": self.values,
                **({"urgent": True} if self.urgent else {}),
                **({MASS: True} if self.mass else {}),
            },
            skipped=None if self.contact else NO_CONTACT,
            traceparent=self.traceparent,
        )


@dataclass(frozen=True, slots=True)
class SupporterNotice:
    """One text for everybody who supports a demand; `channel_kind` is the demand's, for those who have none."""

    demand_id: UUID
    fact_id: UUID
    template: str
    text: str
    channel_kind: ChannelKind
    number: str
    jurisdiction: str
    values: Mapping[str, str]
    traceparent: str | None = None


def put_messages(writes: WriteBatch, messages: Sequence[Message]) -> None:
    """Write messages, each once by its id. Where nobody can be told, that is all."""
    intents.put(writes, [message.intent() for message in messages])


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
    """Write a message for every supporter; `writes` must come after those that remember supporters.

    Those of a demand may be thousands: they wait behind what is told to one person alone.
    """
    if notices:
        writes.add(
            """
            INSERT INTO intent (id, kind, key, about, line, body, traceparent)
            SELECT md5(notice.fact_id::text || supporter.contact::text)::uuid, 'message', demand_id, notice.fact_id,
                concat_ws('/', demand_id, supporter.contact),
                jsonb_build_object(
                    'template', notice.template, 'text', notice.text, 'contact', supporter.contact,
                    'channel_kind', coalesce(supporter.channel_kind, notice.channel_kind),
                    'number', notice.number, 'jurisdiction', notice.jurisdiction, 'values', notice.values,
                    'mass', true
                ), notice.traceparent
            FROM unnest($1::supporter_traced_row[]) AS notice JOIN supporter USING (demand_id)
            ON CONFLICT DO NOTHING
            """,
            [
                (
                    n.demand_id,
                    n.fact_id,
                    n.template,
                    n.text,
                    n.channel_kind,
                    n.number,
                    n.jurisdiction,
                    orjson.dumps(n.values).decode(),
                    n.traceparent,
                )
                for n in notices
            ],
        )
