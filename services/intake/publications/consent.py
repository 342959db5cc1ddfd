"""What a citizen said of the publication of a demand, and what they can say of it now; pure."""

from dataclasses import dataclass
from enum import StrEnum

from services.intake.publications.queries import Published
from shared.contracts.demand.facts import UnpublishedFor
from shared.contracts.demand.state import Demand, is_confidential
from shared.jurisdiction.release import Consent, ReleaseRules


class PublicationStanding(StrEnum):
    """How the publication of a demand stands for whoever raised it."""

    PUBLIC = "public"
    """Everybody can read it now."""
    AGREED = "agreed"
    """It may be published once it is answered."""
    NOT_AGREED = "not-agreed"
    """Nothing is published unless the citizen agrees."""
    REFUSED = "refused"
    """The citizen took it back; nothing is published."""


@dataclass(frozen=True, slots=True)
class PublicationConsent:
    """How it stands, and which of the two the citizen can say now."""

    state: PublicationStanding
    may_agree: bool
    may_refuse: bool


def is_ever_published(rules: ReleaseRules | None, demand: Demand) -> bool:
    """Whether demands of its kind are published at all; a report (举报) never is."""
    return rules is not None and not is_confidential(demand.kind) and demand.kind not in rules.never


def consent_of(rules: ReleaseRules | None, demand: Demand, known: Published) -> PublicationConsent | None:
    """How it stands; None where nothing of the kind is published, and for a report (举报): there is nothing to ask."""
    if rules is None or not is_ever_published(rules, demand):
        return None
    if known.ground is UnpublishedFor.CITIZEN:
        return PublicationConsent(PublicationStanding.REFUSED, may_agree=True, may_refuse=False)
    answered = demand.may_publish
    agrees = known.allowed or (rules.consent is Consent.PRESUMED if answered is None else answered)
    if known.release is not None:
        state = PublicationStanding.PUBLIC
    else:
        state = PublicationStanding.AGREED if agrees else PublicationStanding.NOT_AGREED
    return PublicationConsent(state, may_agree=not agrees, may_refuse=True)
