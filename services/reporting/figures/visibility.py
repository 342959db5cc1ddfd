"""A demand of reporting's own copy as the public sees it, and which figures open to demands at all."""

from typing import Final

from services.reporting.figures.conditions import COLLECTED
from services.reporting.figures.domain import Dimension
from services.reporting.figures.queries import Consents
from shared.contracts.demand.state import Demand
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.publication import PublicDemand, Shown, seen_by_public

_TELLS: Final = {
    Dimension.DIVISION: Shown.PLACE,
    Dimension.UNIT: Shown.UNIT,
    Dimension.CATEGORY: Shown.CATEGORY,
    Dimension.CHANNEL: Shown.CHANNEL,
}
"""What a list of the demands of one row tells of each."""


def seen(pack: Pack, demand: Demand, consents: Consents) -> PublicDemand:
    """What anybody may see of it; what was released stands at `/demands`."""
    withheld, allowed = demand.id in consents.withheld, demand.id in consents.allowed
    known = PublicDemand.of(demand, withheld=withheld, allowed=allowed)
    return seen_by_public(pack.publication, known)


def opens(pack: Pack, dimension: Dimension) -> bool:
    """Whether the rows of this breakdown open to their demands: a list of them tells what they have in common."""
    return dimension is Dimension.ALL or _TELLS[dimension] in pack.publication.unreleased


def lists_reports(dimension: Dimension, counted: str) -> bool:
    """Whether such a list may name reports (举报): where it says nothing of them but when they were raised."""
    return dimension is Dimension.ALL and counted == COLLECTED
