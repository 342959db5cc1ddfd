"""A demand of reporting's own copy as the public sees it, and which figures open to demands at all."""

from typing import Final
from uuid import UUID

from services.reporting.figures.conditions import COLLECTED
from services.reporting.figures.domain import Dimension
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


def seen(pack: Pack, demand: Demand, withheld: frozenset[UUID]) -> PublicDemand:
    """What anybody may see of it; `withheld`: see `queries.withheld`. What was released stands at `/demands`."""
    return seen_by_public(pack.publication, PublicDemand.of(demand, withheld=demand.id in withheld))


def opens(pack: Pack, dimension: Dimension) -> bool:
    """Whether the rows of this breakdown open to their demands: a list of them tells what they have in common."""
    return dimension is Dimension.ALL or _TELLS[dimension] in pack.publication.unreleased


def lists_reports(dimension: Dimension, counted: str) -> bool:
    """Whether such a list may name reports (举报): where it says nothing of them but when they were raised."""
    return dimension is Dimension.ALL and counted == COLLECTED
