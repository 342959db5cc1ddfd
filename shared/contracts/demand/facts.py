"""Everything that can be said about a demand, one class a fact."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from shared.contracts.codes import LONGEST_CODE
from shared.contracts.moment import WRITTEN, Moment
from shared.contracts.text import Text
from shared.contracts.wording import STAFF, Identifier, Inner, Plain, by_citizen, by_office

Note = Annotated[str, Field(max_length=4000), by_office(4000)]
Reason = Annotated[str, Field(min_length=1, max_length=1000), by_office(1000)]
Said = Annotated[str, Field(max_length=4000), by_citizen(4000)]
UnitId = Annotated[str, Field(min_length=1, max_length=LONGEST_CODE), Identifier("a unit of the jurisdiction")]
Staff = Annotated[str, STAFF]
Subject = Annotated[str, Plain("the sign-in service's own id of a member of staff")]
Evidence = Annotated[str, by_office()]
Attachment = Annotated[str, Identifier("a reference into intake's store")]
Channel = Annotated[str, Plain("a channel by its id; of imported history by the name that intake masked")]
Written = Annotated[str, Plain("written by a rule of ours")]
Original = Annotated[UUID | None, Field(description="reference into intake's vault, where masking changed the words")]
EnteredBy = Annotated[Staff | None, Field(description="the member of staff who entered what the citizen said")]
Edition = Annotated[int, Field(ge=1, description="counts what was released and taken back of this demand: 1, 2, 3 …")]
Tags = Annotated[
    tuple[Annotated[Text, Field(min_length=1, max_length=LONGEST_CODE), Identifier("a tag of the jurisdiction")], ...],
    Field(max_length=20, description="what the citizen found good or bad, of the pack's list"),
]
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


class Urgency(StrEnum):
    """How soon harm would follow (紧急程度): 一般, 紧急, 特急."""

    ORDINARY = "ordinary"
    URGENT = "urgent"
    CRITICAL = "critical"


class UnpublishedFor(StrEnum):
    """Why a publication was taken back, in the words that the public is shown of it."""

    PRIVACY = "privacy"
    CITIZEN = "citizen"
    MISTAKE = "mistake"
    UNSUITABLE = "unsuitable"


class Stage(StrEnum):
    """The part of the way that a limit is for: 签收, 联系群众, 办结, 协办."""

    SIGN = "sign"
    CONTACT = "contact"
    RESOLVE = "resolve"
    ASSIST = "assist"


class EvidenceKind(StrEnum):
    """What a file shows: papers of a person (证件), that somebody called (联系证据), what was done (办理附件)."""

    IDENTITY = "identity"
    CONTACT = "contact"
    HANDLING = "handling"


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
    type: Annotated[str, Identifier("a fact's type")] = Field(examples=["demand.resolved"])
    data: Annotated[dict[str, JsonValue], Inner("the fact of that type")] = {}


class StatusFact(Fact):
    """A fact that moves a demand along the lifecycle; it carries a gap-free sequence."""

    moves = True
    history: tuple[RecordedStep, ...] = Field((), description="recorded steps that follow this one, still to be told")


class DemandSubmitted(StatusFact):
    """A citizen raised a demand."""

    type = "demand.submitted"
    number: Annotated[str, Identifier("a demand's number")]
    jurisdiction: Annotated[str, Identifier("a pack's id")]
    channel: Channel
    channel_kind: ChannelKind
    channel_name: Annotated[str, Plain("written by who registered the channel")] | None = Field(
        None, description="what people call the channel, where it is registered here"
    )
    external_id: Annotated[str, by_office()] | None = None
    kind: RequestKind
    category: Annotated[str, Identifier("a category")] | None = None
    division: Annotated[str, Identifier("a division")]
    placed_by: PlacedBy = PlacedBy.DIVISION
    title: Annotated[str, by_citizen()]
    text: Annotated[str, by_citizen()] = ""
    location: Location | None = None
    attachments: tuple[Attachment, ...] = ()
    contact: UUID | None = Field(None, description="reference into intake's contact vault")
    imported: bool = Field(False, description="history of another system: it tells nobody")
    urgency: Urgency = Urgency.ORDINARY
    vulnerable: bool = Field(False, description="of somebody who needs protection: shorter limits, and first in lists")
    may_publish: bool | None = Field(
        None, description="whether the citizen lets the words and the answer be published; null: was not asked"
    )


class DemandTriaged(StatusFact):
    """No rule could decide; a dispatcher must."""

    type = "demand.triaged"
    reason: Reason
    suggestions: tuple[UnitId, ...] = ()


class WorkingDays(BaseModel):
    """A limit that the calendar of the jurisdiction counts."""

    model_config = ConfigDict(frozen=True)

    days: int = Field(ge=1, description="working days")


class Hours(BaseModel):
    """A limit that runs by the clock, on days of rest too."""

    model_config = ConfigDict(frozen=True)

    hours: int = Field(ge=1)


class DemandRouted(StatusFact):
    """A unit was made responsible (派单)."""

    type = "demand.routed"
    version = 2
    unit: UnitId
    assisting: tuple[UnitId, ...] = ()
    team: Annotated[str, Identifier("a team of the unit")] | None = None
    rule: Annotated[str, Plain("a rule of the catalogue, or the dispatcher as the token names them")] = Field(
        description="`catalogue@version:rule` where a catalogue decided, such as `nanhai@3f2a9c1b7d04:road-damage`;"
        " else what did, such as `reopened`, or `dispatcher:` and a name. Of facts told in version 1 the rule alone"
    )
    limit: WorkingDays | Hours | None = None
    limit_source: Written | None = None
    due_at: Moment | None = None
    sign_due_at: Moment | None = Field(None, description="until when the unit has to sign for it")
    contact_due_at: Moment | None = Field(None, description="until when the citizen has to be spoken with")
    by: Staff | None = Field(None, description="who decided, where a person did")
    reason: Reason | None = Field(None, description="why, where a person decided")


class DemandDeclined(StatusFact):
    """The demand is not for this government, with the reason and where to go instead."""

    type = "demand.declined"
    reason: Reason
    legal_basis: Annotated[str, by_office()] | None = None
    instead: Annotated[str, by_office()] | None = None
    by: Staff | None = None


class DemandMerged(StatusFact):
    """The demand is handled together with another; it is resolved when that one is."""

    type = "demand.merged"
    parent: UUID
    parent_number: Annotated[str, Identifier("a demand's number")]
    by: Staff | None = None
    reason: Reason | None = None


class DemandUnmerged(StatusFact):
    """The demand is another matter than its parent after all; it waits for a dispatcher unless it is routed at once."""

    type = "demand.unmerged"
    by: Staff | None = Field(None, description="null: its parent ended without an answer")
    reason: Reason
    parent_outcome: Outcome | None = Field(
        None,
        description="how its parent ended, where that set it free: `declined` ends this one too, in the same breath",
    )


class DemandAccepted(StatusFact):
    """The unit signed for it (签收)."""

    type = "demand.accepted"
    by: Staff
    by_subject: Subject | None = Field(None, description="tells two people of one name in one unit apart")


class DemandAssigned(StatusFact):
    """The unit named who of its people handles it (经办人)."""

    type = "demand.assigned"
    by: Staff
    handler: Staff
    handler_subject: Subject | None = Field(None, description="where they named themselves: as `by_subject`")


class DemandReturned(StatusFact):
    """The unit says that it is not responsible (退单)."""

    type = "demand.returned"
    by: Staff
    reason: Reason
    suggested_unit: UnitId | None = None


class DemandContacted(StatusFact):
    """The unit spoke with the citizen, or tried to."""

    type = "demand.contacted"
    by: Staff
    note: Note = ""
    reached: bool = Field(True, description="false: tried in vain")


class DemandProgressed(StatusFact):
    """Work went on; the note is for the citizen."""

    type = "demand.progressed"
    by: Staff
    note: Note
    evidence: tuple[Evidence, ...] = ()


class DemandExtended(StatusFact):
    """The due time was moved, with an approval."""

    type = "demand.extended"
    due_at: Moment
    reason: Reason
    approved_by: Annotated[str, by_office()]
    by: Staff | None = Field(None, description="who granted it")
    working_days: int | None = Field(None, ge=1)


class ExtensionRequested(StatusFact):
    """The unit asks for a later due time (申请延期); it runs on as it was until somebody decides."""

    type = "demand.extension-requested"
    by: Staff
    unit: UnitId
    working_days: int = Field(ge=1)
    due_at: Moment = Field(description="the due time that is asked for")
    reason: Reason
    decider: UnitId | None = Field(None, description="the unit whose people decide")


class ExtensionRefused(StatusFact):
    """The due time stays (不同意延期)."""

    type = "demand.extension-refused"
    by: Staff
    reason: Reason


class DemandPaused(StatusFact):
    """The clock stopped (暂停计时), for one of the reasons that the jurisdiction accepts."""

    type = "demand.paused"
    by: Staff
    reason: Annotated[str, Identifier("a reason of the jurisdiction")]
    note: Note = ""
    until: Moment | None = Field(None, description="when the clock runs again by itself")


class AssistanceDue(BaseModel):
    """Until when an assisting unit has to report from now on."""

    model_config = ConfigDict(frozen=True)

    unit: UnitId
    due_at: Moment


class DemandResumed(StatusFact):
    """The clock runs again; what is due was moved by the pause."""

    type = "demand.resumed"
    by: Staff | None = Field(None, description="null: by itself, when its time had come")
    note: Note = ""
    due_at: Moment | None = None
    contact_due_at: Moment | None = None
    assistance: tuple[AssistanceDue, ...] = Field((), description="the parts of assisting units, moved like the rest")


class AssistanceRequested(StatusFact):
    """The lead unit asks others to help (请求协办)."""

    type = "demand.assistance-requested"
    by: Staff
    units: tuple[UnitId, ...] = Field(min_length=1)
    reason: Reason
    due_at: Moment | None = Field(None, description="until when they have to report")


class AssistanceAccepted(StatusFact):
    """An assisting unit signed for its part (协办签收)."""

    type = "demand.assistance-accepted"
    by: Staff
    unit: UnitId


class AssistanceReported(StatusFact):
    """An assisting unit reported what it did to the lead, who answers for all (协办反馈)."""

    type = "demand.assistance-reported"
    by: Staff
    unit: UnitId
    note: Note
    evidence: tuple[Evidence, ...] = ()
    done: bool = Field(True, description="its part is finished")


class AssistanceEnded(StatusFact):
    """A unit assists no longer."""

    type = "demand.assistance-ended"
    by: Staff
    unit: UnitId
    reason: Reason


class DemandPrioritized(StatusFact):
    """Somebody corrected how urgent it is, or whether it is of somebody who needs protection; its limits follow."""

    type = "demand.prioritized"
    by: Staff
    urgency: Urgency
    vulnerable: bool
    reason: Reason
    limit_source: Written | None = None
    due_at: Moment | None = Field(None, description="the due time from now on; null: as it was")
    sign_due_at: Moment | None = None
    contact_due_at: Moment | None = None
    extension_lapsed: bool = Field(
        False, description="true: the shorter limit runs from now, and days that were granted before count no more"
    )


class DemandReclassified(StatusFact):
    """A dispatcher corrected what the demand is about, and with it the limit; the demand stays where it is."""

    type = "demand.reclassified"
    category: Annotated[
        str, Field(min_length=1, max_length=64, description="category code from now on"), Identifier("a category")
    ]
    by: Staff
    reason: Reason
    limit_days: int | None = Field(None, ge=1, description="working days")
    limit_source: Written | None = None
    due_at: Moment | None = Field(None, description="the due time from now on; null: as it was")


class DemandListed(StatusFact):
    """Put on a list or into a project (挂账); the clock is paused with a reason."""

    type = "demand.listed"
    level: Annotated[str, Identifier("a list of the jurisdiction")]
    project: Annotated[str, by_office()] | None = None
    reason: Reason
    by: Staff | None = None


class DemandResolved(StatusFact):
    """The unit says it is done (办结)."""

    type = "demand.resolved"
    by: Staff
    result: Note
    summary: Note = Field("", description="released for publication")
    evidence: tuple[Evidence, ...] = ()
    attachments: tuple[Attachment, ...] = Field((), description="files of the answer, which the citizen may open")
    not_contacted: Reason | None = Field(None, description="why nobody spoke with the citizen before")
    on_the_spot: bool = Field(False, description="solved while it was raised, on a visit (现场解决); counted apart")


class DemandWithdrawn(StatusFact):
    """The citizen took the demand back."""

    type = "demand.withdrawn"
    reason: Annotated[str, by_citizen()] = ""


class DemandConfirmed(StatusFact):
    """The citizen gave a verdict on the resolution."""

    type = "demand.confirmed"
    rating: Rating
    solved: bool
    comment: Said = ""
    asked: Written = Field("link", description="how the verdict came")
    entered_by: EnteredBy = None
    tags: Tags = ()


class DemandReopened(StatusFact):
    """The citizen says it is not solved."""

    type = "demand.reopened"
    reason: Annotated[str, Field(min_length=1, max_length=4000), by_citizen(4000)]
    rating: Rating | None = None
    asked: Written = Field("link", description="how the verdict came")
    entered_by: EnteredBy = None
    tags: Tags = ()


class DemandClosed(StatusFact):
    """The end."""

    type = "demand.closed"
    outcome: Outcome
    calls: int = Field(
        0, ge=0, description="of a demand that nobody rated: how often staff called in vain; 0: it was not called"
    )


class NoteFact(Fact):
    """A fact that changes no status: it has an id and no sequence."""


class DemandSupplemented(NoteFact):
    """The citizen added something."""

    type = "demand.supplemented"
    text: Said
    original: Original = None
    attachments: tuple[Attachment, ...] = ()


class DemandUrged(NoteFact):
    """The citizen asks to hurry (催办)."""

    type = "demand.urged"
    reason: Annotated[str, by_citizen()] = ""
    original: Original = None


class DemandSupported(NoteFact):
    """Another citizen has the same demand, or it was seen again through another channel."""

    type = "demand.supported"
    channel: Channel = ""
    channel_kind: ChannelKind | None = Field(None, description="how whoever came by this channel is answered")
    contact: UUID | None = Field(None, description="reference into intake's contact vault")


class WithdrawalRequested(NoteFact):
    """The citizen wants the demand back; the holder of the baton decides."""

    type = "demand.withdrawal-requested"
    reason: Annotated[str, by_citizen()] = ""
    original: Original = None


class VerdictGiven(NoteFact):
    """The citizen judged the answer away from the page of the link; feedback makes of it what the verdict there makes.

    Without a rating the citizen said no more than that it is not solved.
    """

    type = "demand.verdict-given"
    judged: int = Field(ge=1, description="sequence of the status fact that was judged")
    rating: Rating | None = None
    solved: bool
    comment: Said = ""
    asked: Written = Field(description="how the verdict came: the kind of a channel, or `call`")
    entered_by: EnteredBy = None
    original: Original = None
    tags: Tags = ()


class CallBackFailed(NoteFact):
    """Staff called the citizen to ask how satisfied they are (回访), and did not reach them."""

    type = "demand.call-back-failed"
    by: Staff
    unit: UnitId
    judged: int = Field(ge=1, description="sequence of the answer that was to be judged")
    attempt: int = Field(ge=1, description="of this answer: the first call is 1")
    not_reached: Annotated[str, Identifier("a reason of the jurisdiction")]
    note: Note = ""
    next_at: Moment | None = Field(None, description="when the next call is due; null: nobody calls again")


class LinkRequested(NoteFact):
    """The citizen lost the code; a link to the page of the demand goes to the contact that was left."""

    type = "demand.link-requested"


class HistoryContinued(NoteFact):
    """The system that a demand was imported from recorded further steps; the holder of the baton tells them.

    They are told where the demand still is at `after`. Where it has gone on here since, nobody tells them.
    """

    type = "demand.history-continued"
    after: int = Field(ge=1, description="sequence of the status fact that they follow")
    history: tuple[RecordedStep, ...] = Field(min_length=1)


class DeadlineWarned(NoteFact):
    """A due time is near."""

    type = "demand.deadline-warned"
    due_at: datetime
    stage: Stage = Stage.RESOLVE
    unit: UnitId | None = None


class DeadlineMissed(NoteFact):
    """A due time has passed."""

    type = "demand.deadline-missed"
    due_at: datetime
    stage: Stage = Stage.RESOLVE
    unit: UnitId | None = None


class DemandEscalated(NoteFact):
    """A higher level was told (提级)."""

    type = "demand.escalated"
    to: UnitId
    reason: Reason
    stage: Stage | None = Field(None, description="the limit that was missed, where one was")
    leader: Staff | None = Field(None, description="the linked leader (挂钩领导) who was told")


class DemandNoted(NoteFact):
    """A unit wrote down something for its own people and those above it; no citizen sees it."""

    type = "demand.noted"
    by: Staff
    unit: UnitId
    text: Note


class EvidenceAttached(NoteFact):
    """A unit added files or references that show what was done."""

    type = "demand.evidence-attached"
    by: Staff
    unit: UnitId
    kind: EvidenceKind | None = None
    note: Note = ""
    attachments: tuple[Attachment, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class DemandPublished(NoteFact):
    """The words and the answer of a demand were released for everybody to read (公开), or an earlier release was
    corrected. Of several editions the highest counts, in whatever order they are read."""

    type = "demand.published"
    edition: Edition
    title: Annotated[str, Field(min_length=1, max_length=200), by_citizen(200)]
    text: Annotated[str, Field(max_length=8000), by_citizen(8000)] = ""
    answer: Note = ""
    reopenings: int = Field(0, ge=0, description="of the demand when it was answered so: a later one ends the answer")
    correction: Reason | None = Field(None, description="what was corrected and why, for everybody to read")
    policy: Written = Field(description="the rule of the pack, such as `nanhai: reviewed`")
    by: Staff | None = Field(None, description="who released it; null: the rule of the pack by itself")


class DemandUnpublished(NoteFact):
    """A release was taken back (撤回公开), or refused before there was one; everybody is told that, and for what kind
    of reason. The reason itself is for staff."""

    type = "demand.unpublished"
    edition: Edition
    ground: UnpublishedFor
    reason: Reason
    by: Staff


class PublicationRefused(NoteFact):
    """The citizen wants nothing of the demand published. It counts whenever it is read, until they allow it."""

    type = "demand.publication-refused"


class PublicationAllowed(NoteFact):
    """The citizen agrees after all that the demand may be published (同意公开). It takes back as many refusals as it
    names: one more than those, told before or after it, counts."""

    type = "demand.publication-allowed"
    refusals: int = Field(0, ge=0, description="how many refusals the citizen had told before")
    entered_by: EnteredBy = None
    said_by: Annotated[
        str, Field(max_length=200, description="who said so to that member of staff, and how"), by_office(200)
    ] = ""


class NotificationSent(NoteFact):
    """The citizen was told."""

    type = "demand.notification-sent"
    template: Annotated[str, Identifier("a message of the jurisdiction")]
    via: Written
    about: UUID = Field(description="id of the fact that was told")


class NotificationFailed(NoteFact):
    """The citizen could not be told."""

    type = "demand.notification-failed"
    template: Annotated[str, Identifier("a message of the jurisdiction")]
    via: Written
    about: UUID
    cause: Annotated[str, by_citizen(1000)]


class PersonalDataViewed(NoteFact):
    """Somebody looked at personal data: who, what and why."""

    type = "demand.personal-data-viewed"
    by: Staff
    fields: tuple[Annotated[str, Identifier("a field's name")], ...]
    why: Annotated[str, Field(min_length=1, max_length=1000), by_citizen(1000)]


class DemandClustered(NoteFact):
    """Many others are about the same matter (共性需求). Told of the first of them when that is found, and again each
    time that they have doubled."""

    type = "demand.clustered"
    hot_spot: UUID
    demands: int = Field(ge=1, description="how many there are by now, with this one")
    numbers: tuple[Annotated[str, Identifier("a demand's number")], ...] = Field(
        max_length=200, description="the evidence, oldest first"
    )
    division: Annotated[str, Identifier("a division")] = Field(description="the smallest that contains all of them")
    category: Annotated[str, Identifier("a category")] | None = None
    phrases: tuple[Annotated[str, by_citizen(100)], ...] = Field((), description="what most of them say")
    since: Moment
