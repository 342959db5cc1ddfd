"""The answers of the routes that show a demand: its progress, and for its citizen everything that was said about it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.publications.consent import PublicationStanding
from shared.contracts.demand.facts import Outcome, RequestKind
from shared.contracts.demand.state import Status
from shared.contracts.examples import PROGRESS, with_examples


class Step(BaseModel):
    """Something that was said on the way, and which unit the demand lay with."""

    at: datetime
    unit: str | None = None
    unit_name: str | None = None


class Answer(Step):
    """The unit says that it is done (办结)."""

    result: str = ""
    summary: str = Field("", description="what of it is released for publication")
    attachments: tuple[str, ...] = Field((), description="files of the answer: `GET /v1/attachments/{reference}`")


class Refusal(Step):
    """The demand is not for this government (不予受理)."""

    reason: str
    legal_basis: str | None = None
    instead: str | None = Field(None, description="where to go with it")


class Returned(Step):
    """The unit was not responsible and gave the demand back (退单); another one is sought."""

    reason: str
    suggested_unit: str | None = None
    suggested_unit_name: str | None = None


class Extension(Step):
    """The answer comes later (延期), and why."""

    due_at: datetime
    reason: str


class ClockPause(Step):
    """The clock stood still (暂停计时), and why."""

    reason: str = Field("", description="of the jurisdiction, such as `weather`")
    reason_name: str = ""
    note: str = ""
    until: datetime | None = Field(None, description="when it runs again by itself at the latest")
    ended_at: datetime | None = Field(None, description="null: it stands still now, or the demand has been answered")


class Remark(Step):
    """The unit spoke with the citizen, or says how the work goes."""

    note: str


class Merged(Step):
    """Handled together with another demand, and answered with it."""

    parent_number: str


class Listing(Step):
    """Put on a list or into a project (挂账)."""

    level: str
    project: str | None = None
    reason: str


class Reopening(Step):
    """The citizen said that it is not solved."""

    reason: str
    rating: int | None = None
    tags: tuple[str, ...] = ()


class Rated(Step):
    """The citizen's verdict."""

    rating: int
    solved: bool
    comment: str = ""
    tags: tuple[str, ...] = ()


class Spoke(BaseModel):
    """What the citizen added, masked."""

    id: UUID
    type: str = Field(examples=["demand.supplemented", "demand.urged", "demand.withdrawal-requested"])
    at: datetime
    text: str = ""
    attachments: tuple[str, ...] = ()


class PublicationStand(BaseModel):
    """How the publication of the demand stands, and which of the two its citizen can say now:
    `POST …/publication-consent` or `…/publication-refusal`."""

    model_config = ConfigDict(from_attributes=True)

    state: PublicationStanding
    may_agree: bool
    may_refuse: bool


class Progress(BaseModel):
    """Where a demand stands, without personal data."""

    model_config = ConfigDict(json_schema_extra=with_examples(PROGRESS))

    id: UUID
    number: str
    status: Status
    title: str = Field(description="empty for a channel that only saw the demand again")
    category: str | None
    division: str
    submitted_at: datetime | None
    updated_at: datetime | None
    unit: str | None
    due_at: datetime | None
    resolved_at: datetime | None
    outcome: Outcome | None


class Followed(Progress):
    """A demand with all that is known of it, for the citizen and the channel that took it in.

    Where only the public's view is open, everything beyond `Progress` is null or empty.
    """

    model_config = ConfigDict(json_schema_extra=with_examples(examples.FOLLOWED))

    stands: str = Field("", description="the status in people's words")
    text: str = Field("", description="what the citizen wrote, masked")
    kind: RequestKind | None = None
    category_name: str | None = None
    place: str = Field("", description="the division with everything above it")
    unit_name: str | None = None
    answer: Answer | None = Field(None, description="the answer that stands; null again after a reopening")
    refusal: Refusal | None = None
    merged: Merged | None = None
    listed: Listing | None = None
    returns: list[Returned] = []
    extensions: list[Extension] = []
    pauses: list[ClockPause] = []
    remarks: list[Remark] = []
    spoken: list[Spoke] = Field([], description="what the citizen added, urged, or asked to take back")
    supports: int | None = Field(None, description="how many others have the same demand")
    rating: Rated | None = None
    reopenings: list[Reopening] = []
    publication: PublicationStand | None = Field(
        None, description="null where nothing of the demand is ever published, so that there is nothing to ask"
    )
    rating_link: str | None = Field(
        None,
        description="page on which whoever raised it judges the answer or contests the refusal: for them alone."
        " Null where nothing is to be judged, and for a channel that did not take it in",
    )
