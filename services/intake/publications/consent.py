"""Decides from the facts what a citizen has said about publication, and what they can say now; pure."""

from dataclasses import dataclass
from enum import StrEnum

from services.intake.publications.queries import Published
from shared.contracts.demand.facts import UnpublishedFor
from shared.contracts.demand.state import Demand, is_confidential
from shared.jurisdiction.release import Consent, ReleaseRules


class PublicationStanding(StrEnum):
    """The state of a publication, as the citizen sees it."""

    PUBLIC = "public"
    """It is public now."""
    AGREED = "agreed"
    """It may be published once it is answered."""
    NOT_AGREED = "not-agreed"
    """Nothing is published unless the citizen agrees."""
    REFUSED = "refused"
    """The citizen refused; nothing is published."""


@dataclass(frozen=True, slots=True)
class PublicationConsent:
    """The state, and which of the two the citizen can say now."""

    state: PublicationStanding
    may_agree: bool
    may_refuse: bool


def is_ever_published(rules: ReleaseRules | None, demand: Demand) -> bool:
    """Whether demands of this kind are ever published; reports (举报) never are."""
    return rules is not None and not is_confidential(demand.kind) and demand.kind not in rules.never


def consent_of(rules: ReleaseRules | None, demand: Demand, known: Published) -> PublicationConsent | None:
    """The state of a demand's publication; None if demands of its kind are never published, so that there is nothing to
    ask."""
    if rules is None or not is_ever_published(rules, demand):
        return None
    if known.ground is UnpublishedFor.CITIZEN:
        return PublicationConsent(PublicationStanding.REFUSED, may_agree=True, may_refuse=False)
    answered = demand.may_publish
    agrees = known.allowed or (rules.consent is Consent.PRESUMED if answered is None else answered)
    if known.release is not None:
        return PublicationConsent(PublicationStanding.PUBLIC, may_agree=not agrees, may_refuse=True)
    state = PublicationStanding.AGREED if agrees else PublicationStanding.NOT_AGREED
    said_no = not agrees and answered is False
    return PublicationConsent(state, may_agree=not agrees, may_refuse=not said_no)
