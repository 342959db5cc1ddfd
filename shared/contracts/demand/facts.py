"""The facts about a demand that services record: one class for each type of fact."""

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
CitizenText = Annotated[str, Field(max_length=4000), by_citizen(4000)]
UnitId = Annotated[str, Field(min_length=1, max_length=LONGEST_CODE), Identifier("a unit of the jurisdiction")]
Staff = Annotated[str, STAFF]
Subject = Annotated[str, Plain("the id of a member of staff in the sign-in service")]
Evidence = Annotated[str, by_office()]
Attachment = Annotated[str, Identifier("a reference into intake's store")]
Channel = Annotated[str, Plain("the id of a channel; in imported history its name, which intake masked")]
GeneratedText = Annotated[str, Plain("written by this program, not by a person")]
Original = Annotated[
    UUID | None, Field(description="reference into intake's vault to the original text; null: masking changed nothing")
]
EnteredBy = Annotated[
    Staff | None, Field(description="the member of staff who entered this for the citizen; null: the citizen sent it")
]
SaidBy = Annotated[str, Field(max_length=200, description="who told the member of staff, and how"), by_office(200)]
Edition = Annotated[int, Field(ge=1, description="1, 2, 3 …: the number of this release or withdrawal of the demand")]
Tags = Annotated[
    tuple[Annotated[Text, Field(min_length=1, max_length=LONGEST_CODE), Identifier("a tag of the jurisdiction")], ...],
    Field(max_length=20, description="what the citizen found good or bad: codes from the list of the jurisdiction"),
]
Rating = Annotated[int, Field(ge=1, le=5, description="1 非常不满意 … 5 非常满意 (GB/T 39734-2020)")]


class RequestKind(StrEnum):
    """The kind of a demand: 咨询, 求助, 建议, 投诉, 举报."""

    CONSULT = "consult"
    HELP = "help"
    SUGGESTION = "suggestion"
    COMPLAINT = "complaint"
    REPORT = "report"


class ChannelKind(StrEnum):
    """The kind of the channel through which a demand is raised."""

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
    """How urgent a demand is (紧急程度): 一般, 紧急, 特急."""

    ORDINARY = "ordinary"
    URGENT = "urgent"
    CRITICAL = "critical"


class UnpublishedFor(StrEnum):
    """The kind of reason for which a publication was withdrawn; the public sees it."""

    PRIVACY = "privacy"
    CITIZEN = "citizen"
    MISTAKE = "mistake"
    UNSUITABLE = "unsuitable"


class Stage(StrEnum):
    """The stage of handling that a time limit is for: 签收, 联系群众, 办结, 协办."""

    SIGN = "sign"
    CONTACT = "contact"
    RESOLVE = "resolve"
    ASSIST = "assist"


class EvidenceKind(StrEnum):
    """What a file proves: a person's identity (证件), contact with the citizen (联系证据), the work done (办理附件)."""

    IDENTITY = "identity"
    CONTACT = "contact"
    HANDLING = "handling"


class PlacedBy(StrEnum):
    """How the place of a demand was given. For a point or an address, `division` is the whole jurisdiction."""

    DIVISION = "division"
    POINT = "point"
    ADDRESS = "address"


class Fact(BaseModel):
    """Something that happened to a demand. Immutable; readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    type: ClassVar[str]
    version: ClassVar[int] = 1
    moves: ClassVar[bool] = False
    """Whether the fact is part of the lifecycle of its demand and has a sequence; false for notes."""

    @classmethod
    def wire_type(cls) -> str:
        """The CloudEvents type, such as `demand.routed.v1`."""
        return f"{cls.type}.v{cls.version}"


class Location(BaseModel):
    """The position that the demand is about, in degrees (WGS-84). Intake rounds it to about ten metres before it writes
    the fact."""

    model_config = ConfigDict(frozen=True)

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class RecordedStep(BaseModel):
    """A step that another system recorded before the demand was imported."""

    model_config = ConfigDict(frozen=True)

    at: Annotated[AwareDatetime, WRITTEN]
    type: Annotated[str, Identifier("a fact's type")] = Field(examples=["demand.resolved"])
    data: Annotated[dict[str, JsonValue], Inner("the fact of that type")] = {}


class StatusFact(Fact):
    """A fact of the lifecycle of a demand. The sequence numbers of a demand's status facts have no gaps."""

    moves = True
    history: tuple[RecordedStep, ...] = Field(
        (), description="recorded steps of another system that follow this fact and are not facts yet"
    )


class DemandSubmitted(StatusFact):
    """A citizen raised a demand."""

    type = "demand.submitted"
    number: Annotated[str, Identifier("a demand's number")]
    jurisdiction: Annotated[str, Identifier("a pack's id")]
    channel: Channel
    channel_kind: ChannelKind
    channel_name: Annotated[str, Plain("written by the person who registered the channel")] | None = Field(
        None, description="the name of the channel; null: the channel is not registered here"
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
    imported: bool = Field(False, description="history of another system; no messages are sent about it")
    urgency: Urgency = Urgency.ORDINARY
    vulnerable: bool = Field(False, description="the citizen needs protection: shorter time limits, and first in lists")
    may_publish: bool | None = Field(
        None, description="whether the citizen agrees that text and answer are published; null: not asked"
    )


class DemandTriaged(StatusFact):
    """No rule could choose a unit; a dispatcher must decide."""

    type = "demand.triaged"
    reason: Reason
    suggestions: tuple[UnitId, ...] = ()


class WorkingDays(BaseModel):
    """A time limit in working days, counted by the calendar of the jurisdiction."""

    model_config = ConfigDict(frozen=True)

    days: int = Field(ge=1, description="working days")


class Hours(BaseModel):
    """A time limit in hours, counted on every day, also on holidays."""

    model_config = ConfigDict(frozen=True)

    hours: int = Field(ge=1)


class DemandRouted(StatusFact):
    """A unit was made responsible (派单)."""

    type = "demand.routed"
    version = 2
    unit: UnitId
    assisting: tuple[UnitId, ...] = ()
    team: Annotated[str, Identifier("a team of the unit")] | None = None
    rule: Annotated[str, Plain("a rule of the catalogue, or the dispatcher's name from the token")] = Field(
        description="what chose the unit: `catalogue@version:rule`, such as `nanhai@3f2a9c1b7d04:road-damage`, or"
        " another rule, such as `reopened`, or `dispatcher:` and a name. In facts of version 1 only the rule"
    )
    limit: WorkingDays | Hours | None = None
    limit_source: GeneratedText | None = None
    due_at: Moment | None = None
    sign_due_at: Moment | None = Field(None, description="until when the unit must sign for the demand")
    contact_due_at: Moment | None = Field(None, description="until when the unit must contact the citizen")
    by: Staff | None = Field(None, description="the person who decided; null: a rule did")
    reason: Reason | None = Field(None, description="the reason that this person gave")


class DemandDeclined(StatusFact):
    """This government is not responsible (不予受理); the fact has the reason and says where to go instead."""

    type = "demand.declined"
    reason: Reason
    legal_basis: Annotated[str, by_office()] | None = None
    instead: Annotated[str, by_office()] | None = None
    by: Staff | None = None


class DemandMerged(StatusFact):
    """The demand is handled together with another one, its parent; it is resolved when the parent is."""

    type = "demand.merged"
    parent: UUID
    parent_number: Annotated[str, Identifier("a demand's number")]
    by: Staff | None = None
    reason: Reason | None = None


class DemandUnmerged(StatusFact):
    """The demand was separated from its parent; it waits for a dispatcher unless it is routed at once."""

    type = "demand.unmerged"
    by: Staff | None = Field(
        None, description="who separated it; null: this was automatic, because the parent ended without an answer"
    )
    reason: Reason
    parent_outcome: Outcome | None = Field(
        None,
        description="how the parent ended, if this was the cause; if `declined`, this demand is declined at once too",
    )


class DemandAccepted(StatusFact):
    """The unit signed for it (签收)."""

    type = "demand.accepted"
    by: Staff
    by_subject: Subject | None = Field(None, description="distinguishes two people with the same name in the same unit")


class DemandAssigned(StatusFact):
    """The unit named the member of its staff who handles the demand (经办人)."""

    type = "demand.assigned"
    by: Staff
    handler: Staff
    handler_subject: Subject | None = Field(None, description="as `by_subject`; only if the handler named themselves")


class DemandReturned(StatusFact):
    """The unit says that it is not responsible (退单)."""

    type = "demand.returned"
    by: Staff
    reason: Reason
    suggested_unit: UnitId | None = None


class DemandContacted(StatusFact):
    """The unit contacted the citizen, or tried to."""

    type = "demand.contacted"
    by: Staff
    note: Note = ""
    reached: bool = Field(True, description="false: the unit tried, but did not reach the citizen")


class DemandProgressed(StatusFact):
    """The unit reports progress; the citizen can read the note."""

    type = "demand.progressed"
    by: Staff
    note: Note
    evidence: tuple[Evidence, ...] = ()


class DemandExtended(StatusFact):
    """The due time was extended, with an approval (延期)."""

    type = "demand.extended"
    due_at: Moment
    reason: Reason
    approved_by: Annotated[str, by_office()]
    by: Staff | None = Field(None, description="who approved the extension here")
    working_days: int | None = Field(None, ge=1)


class ExtensionRequested(StatusFact):
    """The unit asks for a later due time (申请延期); the present one is valid until somebody decides."""

    type = "demand.extension-requested"
    by: Staff
    unit: UnitId
    working_days: int = Field(ge=1)
    due_at: Moment = Field(description="the requested due time")
    reason: Reason
    decider: UnitId | None = Field(None, description="the unit whose staff decides")


class ExtensionRefused(StatusFact):
    """The extension was refused (不同意延期); the due time stays the same."""

    type = "demand.extension-refused"
    by: Staff
    reason: Reason


class DemandPaused(StatusFact):
    """The clock of the time limits was stopped (暂停计时), for a reason that the jurisdiction accepts."""

    type = "demand.paused"
    by: Staff
    reason: Annotated[str, Identifier("a reason of the jurisdiction")]
    note: Note = ""
    until: Moment | None = Field(None, description="when the clock starts again automatically")


class AssistanceDue(BaseModel):
    """The new time until when an assisting unit must report."""

    model_config = ConfigDict(frozen=True)

    unit: UnitId
    due_at: Moment


class DemandResumed(StatusFact):
    """The clock runs again (恢复计时); due times are later by the length of the pause."""

    type = "demand.resumed"
    by: Staff | None = Field(None, description="who resumed it; null: automatically, at the end of the pause")
    note: Note = ""
    due_at: Moment | None = None
    contact_due_at: Moment | None = None
    assistance: tuple[AssistanceDue, ...] = Field((), description="the new due times of assisting units")


class AssistanceRequested(StatusFact):
    """The lead unit asks others to help (请求协办)."""

    type = "demand.assistance-requested"
    by: Staff
    units: tuple[UnitId, ...] = Field(min_length=1)
    reason: Reason
    due_at: Moment | None = Field(None, description="until when these units must report")


class AssistanceAccepted(StatusFact):
    """An assisting unit signed for its part of the work (协办签收)."""

    type = "demand.assistance-accepted"
    by: Staff
    unit: UnitId


class AssistanceReported(StatusFact):
    """An assisting unit reported to the lead unit what it did (协办反馈); the lead unit answers the citizen."""

    type = "demand.assistance-reported"
    by: Staff
    unit: UnitId
    note: Note
    evidence: tuple[Evidence, ...] = ()
    done: bool = Field(True, description="whether this unit has finished its part")


class AssistanceEnded(StatusFact):
    """A unit does not assist any longer."""

    type = "demand.assistance-ended"
    by: Staff
    unit: UnitId
    reason: Reason


class DemandPrioritized(StatusFact):
    """Somebody corrected the urgency, or whether the citizen needs protection; the time limits change with it."""

    type = "demand.prioritized"
    by: Staff
    urgency: Urgency
    vulnerable: bool
    reason: Reason
    limit_source: GeneratedText | None = None
    due_at: Moment | None = Field(None, description="the new due time; null: unchanged")
    sign_due_at: Moment | None = None
    contact_due_at: Moment | None = None
    extension_lapsed: bool = Field(
        False, description="true: the shorter limit starts now, and days of earlier extensions are no longer added"
    )


class DemandReclassified(StatusFact):
    """A dispatcher corrected the category, and with it the time limit; status and unit stay the same."""

    type = "demand.reclassified"
    category: Annotated[
        str, Field(min_length=1, max_length=64, description="the new category code"), Identifier("a category")
    ]
    by: Staff
    reason: Reason
    limit_days: int | None = Field(None, ge=1, description="working days")
    limit_source: GeneratedText | None = None
    due_at: Moment | None = Field(None, description="the new due time; null: unchanged")


class DemandListed(StatusFact):
    """The demand was put on a list or into a project (挂账); the clock is paused, with the reason."""

    type = "demand.listed"
    level: Annotated[str, Identifier("a list of the jurisdiction")]
    project: Annotated[str, by_office()] | None = None
    reason: Reason
    by: Staff | None = None


class DemandResolved(StatusFact):
    """The unit answered that it has solved the demand (办结)."""

    type = "demand.resolved"
    by: Staff
    result: Note
    summary: Note = Field("", description="text of the answer for publication")
    evidence: tuple[Evidence, ...] = ()
    attachments: tuple[Attachment, ...] = Field((), description="files of the answer that the citizen may open")
    not_contacted: Reason | None = Field(None, description="why the unit did not contact the citizen before")
    on_the_spot: bool = Field(
        False, description="solved during the visit on which it was raised (现场解决); counted separately"
    )


class DemandWithdrawn(StatusFact):
    """The citizen withdrew the demand (撤回)."""

    type = "demand.withdrawn"
    reason: Annotated[str, by_citizen()] = ""


class DemandConfirmed(StatusFact):
    """The citizen rated the answer; the demand is not handled again."""

    type = "demand.confirmed"
    rating: Rating
    solved: bool
    comment: CitizenText = ""
    asked: GeneratedText = Field(
        "link", description="how the rating was given: `link`, the kind of a channel, or `call`"
    )
    entered_by: EnteredBy = None
    tags: Tags = ()


class DemandReopened(StatusFact):
    """The citizen says that the demand is not solved, or objects to a refusal; it is handled again."""

    type = "demand.reopened"
    reason: Annotated[str, Field(min_length=1, max_length=4000), by_citizen(4000)]
    rating: Rating | None = None
    asked: GeneratedText = Field(
        "link", description="how the rating was given: `link`, the kind of a channel, or `call`"
    )
    entered_by: EnteredBy = None
    tags: Tags = ()


class DemandClosed(StatusFact):
    """The demand has ended; no status fact follows."""

    type = "demand.closed"
    outcome: Outcome
    calls: int = Field(
        0,
        ge=0,
        description="if the citizen did not rate: how often staff called without reaching them; 0: nobody called",
    )


class NoteFact(Fact):
    """A fact that changes no status: it has an id and no sequence."""


class DemandSupplemented(NoteFact):
    """The citizen added text or files."""

    type = "demand.supplemented"
    text: CitizenText
    original: Original = None
    attachments: tuple[Attachment, ...] = ()


class DemandUrged(NoteFact):
    """The citizen asks to hurry (催办)."""

    type = "demand.urged"
    reason: Annotated[str, by_citizen()] = ""
    original: Original = None


class DemandSupported(NoteFact):
    """Another citizen has the same demand, or the same demand arrived through another channel."""

    type = "demand.supported"
    channel: Channel = ""
    channel_kind: ChannelKind | None = Field(
        None, description="the kind of the channel through which this citizen gets answers"
    )
    contact: UUID | None = Field(None, description="reference into intake's contact vault")


class WithdrawalRequested(NoteFact):
    """The citizen asks to withdraw the demand; the service that may write the next status fact decides."""

    type = "demand.withdrawal-requested"
    reason: Annotated[str, by_citizen()] = ""
    original: Original = None


class VerdictGiven(NoteFact):
    """The citizen rated the answer by a channel or in a call, not on the rating page; feedback handles both alike.

    Without a rating the citizen only said that the demand is not solved.
    """

    type = "demand.verdict-given"
    judged: int = Field(ge=1, description="sequence of the status fact with the rated answer")
    rating: Rating | None = None
    solved: bool
    comment: CitizenText = ""
    asked: GeneratedText = Field(description="how the rating was given: the kind of a channel, or `call`")
    entered_by: EnteredBy = None
    original: Original = None
    tags: Tags = ()


class CallBackFailed(NoteFact):
    """Staff called the citizen to ask for a rating (回访), and did not reach them."""

    type = "demand.call-back-failed"
    by: Staff
    unit: UnitId
    judged: int = Field(ge=1, description="sequence of the status fact with the answer to rate")
    attempt: int = Field(ge=1, description="the number of this call about this answer, from 1")
    not_reached: Annotated[str, Identifier("a reason of the jurisdiction")]
    note: Note = ""
    next_at: Moment | None = Field(None, description="when the next call is due; null: there is no further call")


class LinkRequested(NoteFact):
    """The citizen lost the secret code; a link to the page of the demand is sent to the contact of the demand."""

    type = "demand.link-requested"


class HistoryContinued(NoteFact):
    """The system from which a demand was imported recorded further steps.

    If `after` is still the last status fact of the demand, the services record these steps as facts. If the demand has
    been handled here since then, they are not recorded.
    """

    type = "demand.history-continued"
    after: int = Field(ge=1, description="sequence of the status fact that the steps follow")
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
    """A higher level was informed (提级)."""

    type = "demand.escalated"
    to: UnitId
    reason: Reason
    stage: Stage | None = Field(None, description="the stage whose time limit was missed, if this was the cause")
    leader: Staff | None = Field(None, description="the linked leader (挂钩领导) who was informed")


class DemandNoted(NoteFact):
    """A unit wrote a note for its own staff and for higher levels; citizens do not see it."""

    type = "demand.noted"
    by: Staff
    unit: UnitId
    text: Note


class EvidenceAttached(NoteFact):
    """A unit added files, or references to files, that prove what was done."""

    type = "demand.evidence-attached"
    by: Staff
    unit: UnitId
    kind: EvidenceKind | None = None
    note: Note = ""
    attachments: tuple[Attachment, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class DemandPublished(NoteFact):
    """The text and the answer of a demand were published (公开), or an earlier publication was corrected. The highest
    edition is valid, in whatever order the facts are read."""

    type = "demand.published"
    edition: Edition
    title: Annotated[str, Field(min_length=1, max_length=200), by_citizen(200)]
    text: Annotated[str, Field(max_length=8000), by_citizen(8000)] = ""
    answer: Note = ""
    reopenings: int = Field(
        0,
        ge=0,
        description="how often the demand was reopened before this answer; when reopened again, the answer is hidden",
    )
    correction: Reason | None = Field(None, description="what was corrected and why; the public can read it")
    policy: GeneratedText = Field(description="the publication rule of the jurisdiction, such as `nanhai: reviewed`")
    by: Staff | None = Field(None, description="who released it; null: the rule released it automatically")


class DemandUnpublished(NoteFact):
    """A publication was withdrawn (撤回公开), or the office decided not to publish. The public sees this and `ground`;
    only staff sees `reason`."""

    type = "demand.unpublished"
    edition: Edition
    ground: UnpublishedFor
    reason: Reason
    by: Staff


class PublicationRefused(NoteFact):
    """The citizen refuses publication of the demand. This is valid until they allow it, in whatever order the facts are
    read."""

    type = "demand.publication-refused"
    entered_by: EnteredBy = None
    said_by: SaidBy = ""


class PublicationAllowed(NoteFact):
    """The citizen allows publication after refusing it (同意公开). This cancels `refusals` refusals: if there are more
    than that, recorded before or after this fact, the demand stays unpublished."""

    type = "demand.publication-allowed"
    refusals: int = Field(0, ge=0, description="how often the citizen had refused before")
    entered_by: EnteredBy = None
    said_by: SaidBy = ""


class NotificationSent(NoteFact):
    """A message was sent to the citizen."""

    type = "demand.notification-sent"
    template: Annotated[str, Identifier("a message of the jurisdiction")]
    via: GeneratedText
    about: UUID = Field(description="id of the fact that the message is about")


class NotificationFailed(NoteFact):
    """A message could not be sent to the citizen."""

    type = "demand.notification-failed"
    template: Annotated[str, Identifier("a message of the jurisdiction")]
    via: GeneratedText
    about: UUID = Field(description="id of the fact that the message is about")
    cause: Annotated[str, by_citizen(1000)]


class PersonalDataViewed(NoteFact):
    """A member of staff looked at personal data: who, which fields and why."""

    type = "demand.personal-data-viewed"
    by: Staff
    fields: tuple[Annotated[str, Identifier("a field's name")], ...]
    why: Annotated[str, Field(min_length=1, max_length=1000), by_citizen(1000)]


class DemandClustered(NoteFact):
    """Many demands are about the same matter (共性需求). Recorded for the oldest of them when this is detected, and
    again each time their number has doubled."""

    type = "demand.clustered"
    hot_spot: UUID
    demands: int = Field(ge=1, description="how many demands there are now, including this one")
    numbers: tuple[Annotated[str, Identifier("a demand's number")], ...] = Field(
        max_length=200, description="the numbers of these demands, oldest first"
    )
    division: Annotated[str, Identifier("a division")] = Field(
        description="the smallest division that contains all of them"
    )
    category: Annotated[str, Identifier("a category")] | None = None
    phrases: tuple[Annotated[str, by_citizen(100)], ...] = Field((), description="phrases that most of them contain")
    since: Moment
