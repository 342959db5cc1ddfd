"""A pack's rules for releasing the texts of a demand to the public, and the checks whether a demand may be released."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from shared.contracts.demand.facts import RequestKind
from shared.contracts.demand.state import Demand, is_confidential
from shared.jurisdiction.handling import Decider
from shared.jurisdiction.parts import PackModel, Words

HIDDEN: Final = "＊＊"
LONGEST_DELAY: Final = 24 * 90


class Consent(StrEnum):
    """Whether a demand may be released if its citizen was not asked (是否同意公开)."""

    ASKED = "asked"
    """A demand is released only if the citizen has agreed."""
    PRESUMED = "presumed"
    """A demand may be released unless the citizen has refused."""


class ReleaseRules(PackModel):
    """`release` in `pack.yaml`; without it nothing is released."""

    consent: Consent = Consent.ASKED
    reviewed: bool = Field(True, description="false: published automatically, masked, `delay_hours` after the answer")
    reviewer: Decider = Field(Decider.COORDINATOR, description="who publishes, corrects and withdraws")
    delay_hours: Annotated[int, Field(ge=0, le=LONGEST_DELAY)] = 0
    public_text_required: bool = Field(
        True, description="true: the unit writes a text for the public, and the answer itself is not published"
    )
    never: tuple[RequestKind, ...] = Field(
        (), description="kinds of demands that are never published; a report (举报) never is"
    )
    mask: tuple[Words, ...] = Field((), description="words to mask in addition to what is always masked")
    source: Words

    @property
    def rule(self) -> str:
        """The name of the rule in facts."""
        return "reviewed" if self.reviewed else "at once"

    def hide(self, text: str) -> str:
        """The text with the words of the list masked."""
        for word in self.mask:
            text = text.replace(word, HIDDEN)
        return text

    def release_at(self, answered_at: datetime) -> datetime:
        """The time of the automatic release for an answer given at this time."""
        return answered_at + timedelta(hours=self.delay_hours)


class ReleaseBar(StrEnum):
    """Why a demand may not be released."""

    NO_RULES = "no-rules"
    REPORT = "report"
    KIND = "kind"
    REFUSED = "refused"
    NOT_ASKED = "not-asked"


def declines(may_publish: bool | None, refused: bool, allowed: bool) -> bool:
    """Whether the citizen does not want publication: they refused at the submission or later, and have not agreed
    since. All code that shows or releases a demand must ask this."""
    return refused or (may_publish is False and not allowed)


def release_bar(
    rules: ReleaseRules | None, demand: Demand, refused: bool = False, allowed: bool = False
) -> ReleaseBar | None:
    """Why a demand may not be released, apart from its answer; None if it may be released.

    `refused`, `allowed`: the citizen's last decision after the submission.
    """
    if is_confidential(demand.kind):
        return ReleaseBar.REPORT
    if declines(demand.may_publish, refused, allowed):
        return ReleaseBar.REFUSED
    if rules is None:
        return ReleaseBar.NO_RULES
    if demand.kind in rules.never:
        return ReleaseBar.KIND
    if rules.consent is Consent.ASKED and demand.may_publish is None and not allowed:
        return ReleaseBar.NOT_ASKED
    return None
