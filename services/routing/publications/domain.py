"""Defines the state of a case's publication, and masks texts before they are released; pure."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.demand import facts as f
from shared.contracts.wording import masked
from shared.jurisdiction.release import ReleaseRules
from shared.masking import MASKS


class PublicationState(BaseModel):
    """The state of a case's publication: what is public, and what would be."""

    model_config = ConfigDict(frozen=True)

    edition: int = Field(0, description="of the last release, correction or withdrawal; 0: there was none")
    is_public: bool = False
    refused: bool = Field(False, description="the citizen has refused publication")
    allowed: bool = Field(False, description="the citizen agreed after the demand was raised")
    waiting_since: datetime | None = Field(None, description="since when an answer waits to be released")
    title: str = Field("", description="as it is public, or as it would be")
    text: str = ""
    answer: str = ""


def masked_fact(fact: f.DemandPublished, rules: ReleaseRules) -> f.DemandPublished:
    """The fact with its words masked once more, and without those of the pack's list."""
    return without_listed(masked(fact, MASKS), rules)


def without_listed(fact: f.DemandPublished, rules: ReleaseRules) -> f.DemandPublished:
    """The fact without the words of the pack's list."""
    words = {name: rules.hide(getattr(fact, name)) for name in ("title", "text", "answer")}
    return fact.model_copy(update=words)
