"""Assembles the part of reporting that its projector and its rebuild share: the repository of its demands."""

from services.reporting.figures.projection import figure_projection
from shared.chassis.aggregates.repository import Repository
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Demand, Service
from shared.jurisdiction.jurisdictions import Jurisdictions


def demand_repository(packs: Jurisdictions) -> Repository[Demand, Fact]:
    """The repository of reporting's copy of every demand, with its projections."""
    return Repository("demand_facts", demand_rules(Service.REPORTING), figure_projection(packs))
