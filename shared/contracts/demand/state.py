"""The state of a demand, folded from its facts; every service stores it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.demand.facts import ChannelKind, Outcome, PlacedBy, RecordedStep, RequestKind, Urgency
from shared.contracts.examples import DEMAND, shown


class Service(StrEnum):
    """The services that may write facts."""

    INTAKE = "intake"
    ROUTING = "routing"
    FEEDBACK = "feedback"
    REPORTING = "reporting"


class Status(StrEnum):
    """Where a demand stands."""

    NONE = "none"
    SUBMITTED = "submitted"
    TRIAGE = "triage"
    ROUTED = "routed"
    DECLINED = "declined"
    MERGED = "merged"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    IN_PROGRESS = "in_progress"
    LISTED = "listed"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    CLOSED = "closed"


OWED: Final = frozenset({
    Status.SUBMITTED, Status.TRIAGE, Status.ROUTED, Status.ACCEPTED,
    Status.RETURNED, Status.IN_PROGRESS, Status.LISTED, Status.REOPENED,
})  # fmt: skip
"""The statuses in which an answer is still due. `merged` is not one of them: the parent's answer counts."""


LISTED: Final = "listed"
"""The reason of the pause that begins when a demand is listed."""


class ExtensionRequest(BaseModel):
    """A later due time that a unit asks for and nobody has decided yet."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    unit: str
    working_days: int
    due_at: datetime
    reason: str
    decider: str | None = None


class Pause(BaseModel):
    """A span in which no clock ran."""

    model_config = ConfigDict(frozen=True)

    since: datetime
    until: datetime


class Assistance(BaseModel):
    """What one assisting unit was asked and did."""

    model_config = ConfigDict(frozen=True)

    unit: str
    asked_at: datetime | None = None
    due_at: datetime | None = None
    accepted_at: datetime | None = None
    reported_at: datetime | None = None
    by: str | None = None


class Demand(BaseModel):
    """State after `version` status facts; times are UTC."""

    model_config = ConfigDict(frozen=True, json_schema_extra=shown(DEMAND))

    id: UUID
    version: Annotated[int, Field(ge=0)] = 0
    status: Status = Status.NONE
    number: str = ""
    jurisdiction: str = ""
    channel: str = ""
    channel_kind: ChannelKind = ChannelKind.WEB
    kind: RequestKind = RequestKind.HELP
    category: str | None = None
    division: str = ""
    placed_by: PlacedBy = PlacedBy.DIVISION
    title: str = ""
    contact: UUID | None = None
    imported: bool = False
    submitted_at: datetime | None = None
    updated_at: datetime | None = None
    unit: str | None = None
    units: tuple[str, ...] = Field((), description="every lead unit so far, in order")
    assisting: tuple[str, ...] = ()
    team: str | None = None
    rule: str | None = None
    limit_source: str | None = Field(None, description="the preset of its limits")
    due_at: datetime | None = None
    sign_due_at: datetime | None = None
    contact_due_at: datetime | None = None
    routed_at: datetime | None = Field(None, description="when the unit that has it was made responsible")
    accepted_at: datetime | None = Field(None, description="when the unit that has it signed for it")
    contacted_at: datetime | None = Field(None, description="when that unit first reached the citizen")
    handler: str | None = Field(None, description="who of the unit handles it (经办人)")
    handler_subject: str | None = Field(None, description="the sign-in service's own id of that person")
    urgency: Urgency = Urgency.ORDINARY
    vulnerable: bool = False
    may_publish: bool | None = Field(None, description="whether the citizen lets it be published; null: not asked")
    external_id: str | None = Field(None, description="the number of the system that it came from (12345 工单号)")
    extension: ExtensionRequest | None = None
    paused_at: datetime | None = Field(None, description="since when no clock runs")
    pause_reason: str | None = None
    paused_until: datetime | None = None
    pauses: tuple[Pause, ...] = Field((), description="that are over, since it was raised or last reopened")
    assistance: tuple[Assistance, ...] = Field((), description="what each assisting unit was asked and did")
    parent: UUID | None = Field(None, description="the demand that it was merged into")
    parent_number: str | None = None
    categories: tuple[str | None, ...] = Field((), description="every category so far, once one was corrected")
    returns: int = 0
    extensions: int = Field(0, description="since the demand was raised or last reopened")
    extended_days: int = Field(0, description="working days that these extensions granted and that still count")
    reopenings: int = 0
    reopened_at: datetime | None = None
    resolved_at: datetime | None = None
    on_the_spot: bool = Field(False, description="whether the answer that stands was given on a visit (现场解决)")
    rating: int | None = None
    solved: bool | None = None
    first_rating: int | None = Field(None, description="of the first verdict on an answer; `rating` is of the last one")
    first_solved: bool | None = Field(None, description="of the first verdict on an answer; null: there was none")
    outcome: Outcome | None = None
    calls: int = Field(0, description="how often staff called in vain before it was closed without a verdict")
    history: tuple[RecordedStep, ...] = Field((), description="recorded steps still to be told")


def is_confidential(kind: RequestKind) -> bool:
    """A report (举报) names somebody: the public is not shown its words, be they masked or not."""
    return kind is RequestKind.REPORT
