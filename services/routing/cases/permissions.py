"""Which member of staff may give which command: the names of the commands in the table of rights."""

from services.routing.cases.commands import NAMES, RoutingCommand
from shared.contracts.demand.state import Demand
from shared.identity import relations
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack


def permit(demand: Demand, command: RoutingCommand, by: Person, pack: Pack) -> None:
    """Raise `Refused` with the rule, where whoever asks may not give this command to this demand."""
    relations.require(NAMES[type(command)], by, demand, pack)
