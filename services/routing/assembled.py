"""Assembles the part of routing that its API and its worker share: the repository of its demands."""

from services.routing.call_backs.projection import call_back_projection
from services.routing.cases.policies import reaction
from services.routing.cases.projection import CASES
from services.routing.deadlines.projection import deadline_projection
from services.routing.hot_spots.projection import TO_COMPARE
from services.routing.publications.projection import publication_projection
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repository
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.jurisdiction.jurisdictions import Jurisdictions


def demand_repository(packs: Jurisdictions) -> Repository[Demand, Fact]:
    """The repository of routing's copy of every demand, with its policy and its projections."""
    projection = compose(*CASES.parts, deadline_projection(packs), publication_projection(packs))
    projection = compose(*projection.parts, call_back_projection(packs), TO_COMPARE)
    return Repository("demand", demand_rules(Service.ROUTING, reaction(packs)), projection)
