"""Which member of staff may give which command: the names of the commands in the table of rights."""

from collections.abc import Mapping
from typing import Final

from services.routing.cases import commands as c
from shared.contracts.demand.state import Demand
from shared.identity import relations
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack

NAMES: Final[Mapping[type[c.RoutingCommand], str]] = {
    c.AcceptDemand: "accept",
    c.ReturnDemand: "return",
    c.RouteDemand: "route",
    c.ReclassifyDemand: "reclassify",
    c.DeclineDemand: "decline",
    c.ContactCitizen: "contact",
    c.ExtendDemand: "extend",
    c.ProgressDemand: "progress",
    c.ResolveDemand: "resolve",
}
"""Each command by its name in `shared/identity/rights.py`."""


def permit(demand: Demand, command: c.RoutingCommand, by: Person, pack: Pack) -> None:
    """Raise `Refused` with the rule, where whoever asks may not give this command to this demand."""
    relations.require(NAMES[type(command)], by, demand, pack)
