"""The answers of the public routes."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from shared.chassis.http.pagination import Page
from shared.contracts.demand.facts import RequestKind, UnpublishedFor
from shared.contracts.demand.state import Status
from shared.contracts.examples import CURSOR, with_examples

Became = Literal["published", "corrected", "withdrawn", "published-again"]


class PublicDemandSummary(BaseModel):
    """A released demand of a list."""

    number: str
    title: str = Field(description="as it was released: names and numbers of persons are hidden")
    category: str | None
    category_name: str | None
    division: str
    place: str = Field(description="the division with everything above it")
    status: Status
    stands: str = Field(description="the status in people's words")
    released_at: datetime
    changed_at: datetime


class PublicDemandList(Page):
    """A page of released demands, the latest release first."""

    model_config = ConfigDict(json_schema_extra=with_examples({"demands": [examples.PUBLIC_SUMMARY], "next": CURSOR}))

    demands: list[PublicDemandSummary]


class PublicationStep(BaseModel):
    """One step of the publication, without its texts."""

    at: datetime
    became: Became
    correction: str = Field("", description="what was corrected and why")
    ground: UnpublishedFor | None = Field(None, description="for what kind of reason it was withdrawn")


class PublicDemandView(BaseModel):
    """A demand as everybody may read it; what is not released is null.

    Of a report (举报) nothing is shown but that it was raised.
    """

    model_config = ConfigDict(json_schema_extra=with_examples(examples.PUBLIC_VIEW))

    number: str
    kind: RequestKind
    status: Status | None
    stands: str
    category: str | None
    category_name: str | None
    division: str | None
    place: str
    submitted_at: datetime | None
    answered_at: datetime | None
    title: str | None = None
    text: str | None = None
    answer: str | None = Field(None, description="null again while it is handled anew after a reopening")
    released_at: datetime | None = Field(None, description="when it was first released; null where it is not public")
    withdrawn: UnpublishedFor | None = Field(None, description="why what was public is not shown any more")
    history: list[PublicationStep] = Field([], description="the latest first")
