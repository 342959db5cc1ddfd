"""Defines messages and writes them as intents, in the transaction of the fact that they report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work import intents
from shared.chassis.work.intents import MASS, Intent
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.notices import Notice
from shared.jurisdiction.pack import Pack
from shared.web.moment_words import day_words

MESSAGE: Final = "message"
"""The kind of intent of all messages."""
NO_CONTACT: Final = "the demand came without a contact"


def own_line(template: str, urgent: bool) -> str:
    """The end of the line of messages that wait for no earlier message to the same person; empty for all others."""
    return "/asked" if template == Notice.LINK_REQUESTED else "/urgent" if urgent else ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message to one person; `channel_kind` is the kind of channel by which that person came."""

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
    """The values of the text by their names, for gateways that fill the variables of an approved template."""
    urgent: bool = False
    """Whether the demand is of the highest urgency (特急)."""
    mass: bool = False
    """Whether the message is one of many with the same content, because its demand was merged into another one."""
    traceparent: str | None = None
    """The trace of the fact that the message reports."""

    def intent(self) -> Intent:
        """The intent of the message. Messages to one person about one demand are sent in order.

        A link that a person asked for, and news of an emergency, have lines of their own, so that they wait for no
        earlier message.
        """
        return Intent(
            id=self.id,
            kind=MESSAGE,
            key=self.demand_id,
            about=self.fact_id,
            line=f"{self.demand_id}/{self.contact}{own_line(self.template, self.urgent)}",
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
    """One message to all supporters of a demand; `channel_kind` is that of the demand, for supporters without one."""

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
    """Insert messages, each once by its id. A message to somebody without a contact is inserted as skipped."""
    intents.put(writes, [message.intent() for message in messages])


def put_supporters(writes: WriteBatch, supporters: Sequence[tuple[UUID, UUID, ChannelKind | None]]) -> None:
    """Insert supporters: the id of the demand, the contact, and the kind of channel by which the supporter came."""
    if supporters:
        writes.add(
            """
            INSERT INTO supporter (demand_id, contact, channel_kind) SELECT * FROM unnest($1::supporter_row[])
            ON CONFLICT DO NOTHING
            """,
            list(supporters),
        )


def put_supporter_notices(writes: WriteBatch, notices: Sequence[SupporterNotice]) -> None:
    """Insert a message for every supporter. `writes` must run after the statement that inserts supporters.

    A demand may have thousands of supporters: these messages are marked as mass, so that they are sent after the
    messages to single persons.
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


def day_of_message(pack: Pack, at: datetime | None, told_at: datetime) -> str:
    """The local day of a time as a message names it, such as 12月15日; empty if there is no time."""
    if at is None:
        return ""
    zh, en = day_words(pack.local_day(at), pack.local_day(told_at))
    return zh if pack.languages[0] == "zh" else en
