"""Which member of staff may give which command, and who may read a case: by the table of rights."""

from services.routing.cases.commands import NAMES, RoutingCommand
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.identity import relations
from shared.identity.person import Person
from shared.identity.rights import READ
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


def permit(demand: Demand, command: RoutingCommand, by: Person, pack: Pack) -> None:
    """Raise `Refused` with the rule, where whoever asks may not give this command to this demand."""
    relations.require(NAMES[type(command)], by, demand, pack)


def readable(number: str, demand: Demand | None, by: Person, packs: Jurisdictions) -> tuple[Demand, Pack]:
    """The demand with its pack; raises `Refused`: what is not theirs to read is not there for them."""
    pack = packs.of_division(demand.division) if demand else None
    if demand is None or pack is None or not relations.may(READ, by, demand, pack):
        raise not_found(number)
    return demand, pack


def not_found(number: str) -> Refused:
    """What is said of a number that routing has not heard of."""
    return Refused(Code.NOT_FOUND, f"routing knows no demand {number}", f"没有编号为 {number} 的诉求")
