"""The events that channels receive: for each fact the fields that a channel may see, in event stream and webhooks."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Status
from shared.contracts.envelope import Envelope
from shared.contracts.examples import EVENT, with_examples

VISIBLE: Final[Mapping[type[f.Fact], frozenset[str]]] = {
    f.DemandSubmitted: frozenset({
        "number", "jurisdiction", "channel", "channel_kind", "external_id", "kind", "category", "division", "title",
        "text", "attachments", "may_publish",
    }),
    f.DemandTriaged: frozenset(),
    f.DemandRouted: frozenset({"unit", "due_at"}),
    f.DemandDeclined: frozenset({"reason", "legal_basis", "instead"}),
    f.DemandMerged: frozenset({"parent_number"}),
    f.DemandUnmerged: frozenset(),
    f.DemandAccepted: frozenset(),
    f.DemandReturned: frozenset({"reason", "suggested_unit"}),
    f.DemandContacted: frozenset({"note", "reached"}),
    f.DemandProgressed: frozenset({"note"}),
    f.DemandExtended: frozenset({"due_at", "reason"}),
    f.DemandReclassified: frozenset({"category", "due_at"}),
    f.DemandListed: frozenset({"level", "project", "reason"}),
    f.DemandPaused: frozenset({"reason", "note", "until"}),
    f.DemandResumed: frozenset({"due_at"}),
    f.DemandResolved: frozenset({"result", "summary", "attachments"}),
    f.DemandWithdrawn: frozenset({"reason"}),
    f.DemandConfirmed: frozenset({"rating", "solved", "comment", "tags"}),
    f.DemandReopened: frozenset({"reason", "rating", "tags"}),
    f.DemandClosed: frozenset({"outcome"}),
    f.DemandSupplemented: frozenset({"text", "attachments"}),
    f.DemandUrged: frozenset({"reason"}),
    f.DemandSupported: frozenset(),
    f.WithdrawalRequested: frozenset({"reason"}),
    f.DemandPublished: frozenset({"edition", "title", "text", "answer", "correction"}),
    f.DemandUnpublished: frozenset({"edition", "ground"}),
    f.PublicationRefused: frozenset(),
    f.PublicationAllowed: frozenset(),
}  # fmt: skip
"""The fields of each fact that the citizen, and so the channel, may see. Names of staff, references to the vault,
approvals, rules and evidence are only for the offices."""
INTERNAL: Final[frozenset[type[f.Fact]]] = frozenset({
    f.DemandAssigned, f.ExtensionRequested, f.ExtensionRefused, f.AssistanceRequested, f.AssistanceAccepted,
    f.AssistanceReported, f.AssistanceEnded, f.DemandPrioritized, f.VerdictGiven, f.LinkRequested, f.HistoryContinued,
    f.DeadlineWarned, f.DeadlineMissed, f.DemandEscalated, f.DemandNoted, f.EvidenceAttached, f.NotificationSent,
    f.NotificationFailed, f.PersonalDataViewed, f.DemandClustered, f.CallBackFailed,
})  # fmt: skip
"""Facts that channels do not receive: those between offices, and those that another fact repeats
(`demand.verdict-given` is followed by `demand.confirmed` or `demand.reopened`)."""
EVENT_TYPES: Final[tuple[str, ...]] = tuple(sorted(kind.wire_type() for kind in VISIBLE))
"""All types of events that a channel can receive."""

UnitName = Callable[[str], str]
"""Returns the name of a unit by its id."""


class DemandStanding(BaseModel):
    """The demand after the event."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    number: str
    jurisdiction: str
    kind: f.RequestKind
    category: str | None
    division: str
    status: Status
    unit: str | None = Field(description="the unit that is responsible")
    unit_name: str | None
    due_at: datetime | None = Field(description="until when the answer is due")


class ChannelEventData(BaseModel):
    """The demand, and the fields of the event."""

    model_config = ConfigDict(frozen=True)

    demand: DemandStanding
    fact: dict[str, JsonValue] = Field(
        description="the fields of the event itself, which depend on `type`; fields without a value are absent"
    )


class ChannelEvent(BaseModel):
    """Something that happened to a demand, for the channel that took it in; a CloudEvent 1.0 in JSON.

    Rule: CloudEvents 1.0 JSON event format, section 3; `sequence` and `imported` are extension attributes.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra=with_examples(EVENT))

    specversion: Literal["1.0"] = "1.0"
    id: UUID = Field(description="the same each time the event is sent, by event stream or webhook")
    source: str
    type: str = Field(examples=["demand.resolved.v1"])
    subject: str = Field(description="the demand's number")
    time: datetime = Field(description="when it happened")
    sequence: int | None = Field(
        None, description="1, 2, 3 … for each demand, with gaps; null: a note, which is not in the sequence"
    )
    imported: bool = Field(False, description="the demand is history of another system: do not notify anybody")
    data: ChannelEventData


def channel_event(demand: Demand, fact: f.Fact, envelope: Envelope, unit_name: UnitName) -> ChannelEvent | None:
    """The event for a fact; `demand` is the state after it. None for a fact that channels do not receive.

    The texts of a fact are masked already. The callers decide which channel receives the event.
    """
    visible = VISIBLE.get(type(fact))
    if visible is None:
        return None
    return ChannelEvent(
        id=envelope.id,
        source=envelope.source,
        type=fact.wire_type(),
        subject=demand.number,
        time=envelope.time,
        sequence=envelope.sequence,
        imported=envelope.imported,
        data=ChannelEventData(
            demand=_standing(demand, unit_name),
            fact=fact.model_dump(mode="json", include=set(visible), exclude_none=True),
        ),
    )


def _standing(demand: Demand, unit_name: UnitName) -> DemandStanding:
    return DemandStanding(
        id=demand.id,
        number=demand.number,
        jurisdiction=demand.jurisdiction,
        kind=demand.kind,
        category=demand.category,
        division=demand.division,
        status=demand.status,
        unit=demand.unit,
        unit_name=unit_name(demand.unit) if demand.unit else None,
        due_at=demand.due_at,
    )
