"""Checks by the table of rights whether a member of staff may give a command or read a case."""

from services.routing.cases.commands import NAMES, RoutingCommand
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.identity import relations
from shared.identity.person import Person
from shared.identity.rights import READ
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


def permit(demand: Demand, command: RoutingCommand, by: Person, pack: Pack) -> None:
    """Raise `Refused`, which names the rule, if this person may not give this command to this demand."""
    relations.require(NAMES[type(command)], by, demand, pack)


def readable(number: str, demand: Demand | None, by: Person, packs: Jurisdictions) -> tuple[Demand, Pack]:
    """The demand and its pack, if this person may read it. Otherwise raises `Refused` as for an unknown number, so that
    nobody learns which numbers exist."""
    pack = packs.of_division(demand.division) if demand else None
    if demand is None or pack is None or not relations.may(READ, by, demand, pack):
        raise not_found(number)
    return demand, pack


def not_found(number: str) -> Refused:
    """The refusal of a number that routing does not know."""
    return Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
