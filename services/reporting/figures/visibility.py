"""Decides what the public sees of a demand, and which figures may open to their demands."""

from typing import Final

from services.reporting.figures.conditions import COLLECTED
from services.reporting.figures.domain import Dimension
from services.reporting.figures.queries import Consents
from shared.contracts.demand.state import Demand
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.publication import PublicDemand, PublicPart, seen_by_public

_TELLS: Final = {
    Dimension.DIVISION: PublicPart.PLACE,
    Dimension.UNIT: PublicPart.UNIT,
    Dimension.CATEGORY: PublicPart.CATEGORY,
    Dimension.CHANNEL: PublicPart.CHANNEL,
}
"""What a list of the demands of one row discloses of each demand."""


def seen(pack: Pack, demand: Demand, consents: Consents) -> PublicDemand:
    """The public view of a demand. Texts that were released stand at `/demands`, not here."""
    withheld, allowed = demand.id in consents.withheld, demand.id in consents.allowed
    return seen_by_public(pack.publication, PublicDemand.of(demand, withheld=withheld, allowed=allowed))


def opens(pack: Pack, dimension: Dimension) -> bool:
    """Whether the rows of this breakdown may open to their demands: the list discloses what its demands have in
    common."""
    return dimension is Dimension.ALL or _TELLS[dimension] in pack.publication.unreleased


def lists_reports(dimension: Dimension, counted: str) -> bool:
    """Whether the list of a figure may name reports (举报): only if it discloses no more than when they were raised."""
    return dimension is Dimension.ALL and counted == COLLECTED
