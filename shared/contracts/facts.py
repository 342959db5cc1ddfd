"""Everything that can be said about a demand, one class a fact."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from shared.contracts.codes import LONGEST_CODE
from shared.contracts.moment import WRITTEN, Moment

Note = Annotated[str, Field(max_length=4000)]
Reason = Annotated[str, Field(min_length=1, max_length=1000)]
UnitId = Annotated[str, Field(min_length=1, max_length=LONGEST_CODE)]
Original = Annotated[UUID | None, Field(description="reference into intake's vault, where masking changed the words")]
Rating = Annotated[int, Field(ge=1, le=5, description="1 非常不满意 … 5 非常满意 (GB/T 39734-2020)")]


class RequestKind(StrEnum):
    """What the citizen wants: 咨询, 求助, 建议, 投诉, 举报."""

    CONSULT = "consult"
    HELP = "help"
    SUGGESTION = "suggestion"
    COMPLAINT = "complaint"
    REPORT = "report"


class ChannelKind(StrEnum):
    """The kinds of front end through which a demand is raised."""

    WEB = "web"
    WECHAT = "wechat"
    HOTLINE = "hotline"
    SMS = "sms"
    BROADCAST = "broadcast"
    FIELD_VISIT = "field-visit"
    EMAIL = "email"
    PARTNER = "partner"


class Outcome(StrEnum):
    """How a demand ended."""

    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    UNRATED = "unrated"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class PlacedBy(StrEnum):
    """What told the place of a demand; with a point or an address its division is the whole jurisdiction."""

    DIVISION = "division"
    POINT = "point"
    ADDRESS = "address"


class Fact(BaseModel):
    """Something that happened to a demand; immutable. Readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    type: ClassVar[str]
    version: ClassVar[int] = 1
    moves: ClassVar[bool] = False
    """Whether it moves its demand along the lifecycle."""

    @classmethod
    def wire_type(cls) -> str:
        """The CloudEvents type, such as `demand.routed.v1`."""
        return f"{cls.type}.v{cls.version}"


class Location(BaseModel):
    """Where the matter is, WGS-84 degrees, rounded to about ten metres before it leaves intake."""

    model_config = ConfigDict(frozen=True)

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class RecordedStep(BaseModel):
    """A fact that another system recorded before the demand was imported."""

    model_config = ConfigDict(frozen=True)

    at: Annotated[AwareDatetime, WRITTEN]
    type: str = Field(examples=["demand.resolved"])
    data: dict[str, JsonValue] = {}


class StatusFact(Fact):
    """A fact that moves a demand along the lifecycle; it carries a gap-free sequence."""

    moves = True
    history: tuple[RecordedStep, ...] = Field((), description="recorded steps that follow this one, still to be told")


class DemandSubmitted(StatusFact):
    """A citizen raised a demand."""

    type = "demand.submitted"
    number: str
    jurisdiction: str
    channel: str
    channel_kind: ChannelKind
    channel_name: str | None = Field(None, description="what people call the channel, where it is registered here")
    external_id: str | None = None
    kind: RequestKind
    category: str | None = None
    division: str
    placed_by: PlacedBy = PlacedBy.DIVISION
    title: str
    text: str = ""
    location: Location | None = None
    attachments: tuple[str, ...] = ()
    contact: UUID | None = Field(None, description="reference into intake's contact vault")
    imported: bool = Field(False, description="history of another system: it tells nobody")


class DemandTriaged(StatusFact):
    """No rule could decide; a dispatcher must."""

    type = "demand.triaged"
    reason: Reason
    suggestions: tuple[UnitId, ...] = ()


class DemandRouted(StatusFact):
    """A unit was made responsible (派单)."""

    type = "demand.routed"
    unit: UnitId
    assisting: tuple[UnitId, ...] = ()
    team: str | None = None
    rule: str
    limit_days: int | None = Field(None, ge=1, description="working days")
    limit_source: str | None = None
    due_at: Moment | None = None


class DemandDeclined(StatusFact):
    """The demand is not for this government, with the reason and where to go instead."""

    type = "demand.declined"
    reason: Reason
    legal_basis: str | None = None
    instead: str | None = None


class DemandMerged(StatusFact):
    """The demand is handled together with another; it is resolved when that one is."""

    type = "demand.merged"
    parent: UUID
    parent_number: str


class DemandAccepted(StatusFact):
    """The unit signed for it (签收)."""

    type = "demand.accepted"
    by: str


class DemandReturned(StatusFact):
    """The unit says that it is not responsible (退单)."""

    type = "demand.returned"
    by: str
    reason: Reason
    suggested_unit: UnitId | None = None


class DemandContacted(StatusFact):
    """The unit spoke with the citizen."""

    type = "demand.contacted"
    by: str
    note: Note = ""


class DemandProgressed(StatusFact):
    """Work went on; the note is for the citizen."""

    type = "demand.progressed"
    by: str
    note: Note
    evidence: tuple[str, ...] = ()


class DemandExtended(StatusFact):
    """The due time was moved, with an approval."""

    type = "demand.extended"
    due_at: Moment
    reason: Reason
    approved_by: str


class DemandReclassified(StatusFact):
    """A dispatcher corrected what the demand is about, and with it the limit; the demand stays where it is."""

    type = "demand.reclassified"
    category: Annotated[str, Field(min_length=1, max_length=64, description="category code from now on")]
    by: str
    reason: Reason
    limit_days: int | None = Field(None, ge=1, description="working days")
    limit_source: str | None = None
    due_at: Moment | None = Field(None, description="the due time from now on; null: as it was")


class DemandListed(StatusFact):
    """Put on a list or into a project (挂账); the clock is paused with a reason."""

    type = "demand.listed"
    level: str
    project: str | None = None
    reason: Reason


class DemandResolved(StatusFact):
    """The unit says it is done (办结)."""

    type = "demand.resolved"
    by: str
    result: Note
    summary: Note = Field("", description="released for publication")
    evidence: tuple[str, ...] = ()


class DemandWithdrawn(StatusFact):
    """The citizen took the demand back."""

    type = "demand.withdrawn"
    reason: str = ""


class DemandConfirmed(StatusFact):
    """The citizen gave a verdict on the resolution."""

    type = "demand.confirmed"
    rating: Rating
    solved: bool
    comment: Note = ""
    asked: str = Field("link", description="how the citizen was asked")


class DemandReopened(StatusFact):
    """The citizen says it is not solved."""

    type = "demand.reopened"
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    rating: Rating | None = None


class DemandClosed(StatusFact):
    """The end."""

    type = "demand.closed"
    outcome: Outcome


class NoteFact(Fact):
    """A fact that changes no status: it has an id and no sequence."""


class DemandSupplemented(NoteFact):
    """The citizen added something."""

    type = "demand.supplemented"
    text: Note
    original: Original = None
    attachments: tuple[str, ...] = ()


class DemandUrged(NoteFact):
    """The citizen asks to hurry (催办)."""

    type = "demand.urged"
    reason: str = ""
    original: Original = None


class DemandSupported(NoteFact):
    """Another citizen has the same demand, or it was seen again through another channel."""

    type = "demand.supported"
    channel: str = ""
    channel_kind: ChannelKind | None = Field(None, description="how whoever came by this channel is answered")
    contact: UUID | None = Field(None, description="reference into intake's contact vault")


class WithdrawalRequested(NoteFact):
    """The citizen wants the demand back; the holder of the baton decides."""

    type = "demand.withdrawal-requested"
    reason: str = ""
    original: Original = None


class HistoryContinued(NoteFact):
    """The system that a demand was imported from recorded further steps; the holder of the baton tells them.

    They are told where the demand still is at `after`. Where it has gone on here since, nobody tells them.
    """

    type = "demand.history-continued"
    after: int = Field(ge=1, description="sequence of the status fact that they follow")
    history: tuple[RecordedStep, ...] = Field(min_length=1)


class DeadlineWarned(NoteFact):
    """The due time is near."""

    type = "demand.deadline-warned"
    due_at: datetime


class DeadlineMissed(NoteFact):
    """The due time has passed."""

    type = "demand.deadline-missed"
    due_at: datetime


class DemandEscalated(NoteFact):
    """A higher level was told (提级)."""

    type = "demand.escalated"
    to: UnitId
    reason: Reason


class NotificationSent(NoteFact):
    """The citizen was told."""

    type = "demand.notification-sent"
    template: str
    via: str
    about: UUID = Field(description="id of the fact that was told")


class NotificationFailed(NoteFact):
    """The citizen could not be told."""

    type = "demand.notification-failed"
    template: str
    via: str
    about: UUID
    cause: str


class PersonalDataViewed(NoteFact):
    """Somebody looked at personal data: who, what and why."""

    type = "demand.personal-data-viewed"
    by: str
    fields: tuple[str, ...]
    why: Reason
