"""The state of a demand, folded from its facts; every service stores it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.demand.facts import ChannelKind, Outcome, PlacedBy, RecordedStep, RequestKind, Urgency
from shared.contracts.examples import DEMAND, with_examples


class Service(StrEnum):
    """The services that may write facts."""

    INTAKE = "intake"
    ROUTING = "routing"
    FEEDBACK = "feedback"
    REPORTING = "reporting"


class Status(StrEnum):
    """The status of a demand in its lifecycle."""

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
"""The statuses in which an answer is still due. `merged` is not one of them: the parent is answered instead."""


LISTED: Final = "listed"
"""The reason of the pause that begins when a demand is listed."""


class ExtensionRequest(BaseModel):
    """A request of a unit for a later due time, not decided yet."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    by: str
    unit: str
    working_days: int
    due_at: datetime
    reason: str
    decider: str | None = None


class Pause(BaseModel):
    """A period in which the clock of the time limits was stopped."""

    model_config = ConfigDict(frozen=True)

    since: datetime
    until: datetime


class Assistance(BaseModel):
    """The part of one assisting unit: when it was asked, signed and reported."""

    model_config = ConfigDict(frozen=True)

    unit: str
    asked_at: datetime | None = None
    due_at: datetime | None = None
    accepted_at: datetime | None = None
    reported_at: datetime | None = None
    by: str | None = None


class Demand(BaseModel):
    """The state of a demand after `version` status facts; times are UTC."""

    model_config = ConfigDict(frozen=True, json_schema_extra=with_examples(DEMAND))

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
    limit_source: str | None = Field(None, description="which preset the time limits are from")
    due_at: datetime | None = None
    sign_due_at: datetime | None = None
    contact_due_at: datetime | None = None
    routed_at: datetime | None = Field(None, description="when the present unit was made responsible")
    accepted_at: datetime | None = Field(None, description="when the present unit signed for the demand")
    contacted_at: datetime | None = Field(None, description="when the present unit first reached the citizen")
    handler: str | None = Field(None, description="the member of the unit's staff who handles the demand (经办人)")
    handler_subject: str | None = Field(None, description="the handler's id in the sign-in service")
    urgency: Urgency = Urgency.ORDINARY
    vulnerable: bool = False
    may_publish: bool | None = Field(None, description="whether the citizen agrees to publication; null: not asked")
    external_id: str | None = Field(None, description="the number in the system that it came from (12345 工单号)")
    extension: ExtensionRequest | None = None
    paused_at: datetime | None = Field(None, description="since when the clock is stopped; null: it runs")
    pause_reason: str | None = None
    paused_until: datetime | None = None
    pauses: tuple[Pause, ...] = Field(
        (), description="the pauses that have ended, since the demand was raised or last reopened"
    )
    assistance: tuple[Assistance, ...] = Field((), description="the part of each assisting unit")
    parent: UUID | None = Field(None, description="the demand into which this one was merged")
    parent_number: str | None = None
    categories: tuple[str | None, ...] = Field(
        (), description="all categories so far, in order; empty if none was corrected"
    )
    returns: int = 0
    extensions: int = Field(
        0, description="how often the due time was extended since the demand was raised or last reopened"
    )
    extended_days: int = Field(0, description="working days that these extensions added and that are still valid")
    reopenings: int = 0
    reopened_at: datetime | None = None
    resolved_at: datetime | None = None
    on_the_spot: bool = Field(False, description="whether the present answer was given on a visit (现场解决)")
    rating: int | None = None
    solved: bool | None = None
    first_rating: int | None = Field(
        None, description="the rating of the first answer that was rated; `rating` is that of the last one"
    )
    first_solved: bool | None = Field(
        None, description="`solved` of the first answer that was rated; null: none was rated"
    )
    outcome: Outcome | None = None
    calls: int = Field(
        0, description="how often staff called without reaching the citizen, if the demand was closed without a rating"
    )
    history: tuple[RecordedStep, ...] = Field((), description="recorded steps of another system that are not facts yet")


def is_confidential(kind: RequestKind) -> bool:
    """Whether the public must not see the text of demands of this kind, even masked: a report (举报) names somebody."""
    return kind is RequestKind.REPORT
