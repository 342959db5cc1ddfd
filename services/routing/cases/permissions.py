"""Which member of staff may give which command, by how their unit stands to the demand."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.routing.cases import commands as c
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class Staff:
    """Who asks: a person at a unit; the coordinator's people act for every unit."""

    name: str
    unit: str


class Relation(StrEnum):
    """How the unit of whoever asks stands to a demand."""

    COORDINATOR = "coordinator"
    LEAD = "lead"
    ASSISTING = "assisting"
    NONE = "none"


_DISPATCH: Final = frozenset({Relation.COORDINATOR})
_LEAD: Final = frozenset({Relation.COORDINATOR, Relation.LEAD})
_HELP: Final = frozenset({Relation.COORDINATOR, Relation.LEAD, Relation.ASSISTING})

PERMITTED: Final[Mapping[type[c.RoutingCommand], frozenset[Relation]]] = {
    c.AcceptDemand: _LEAD,
    c.ReturnDemand: _LEAD,
    c.RouteDemand: _DISPATCH,
    c.ReclassifyDemand: _DISPATCH,
    c.DeclineDemand: _LEAD,
    c.ContactCitizen: _HELP,
    c.ExtendDemand: _DISPATCH,
    c.ProgressDemand: _HELP,
    c.ResolveDemand: _LEAD,
}


def relation(demand: Demand, by: Staff, pack: Pack) -> Relation:
    """The strongest one that holds."""
    if by.unit == pack.coordinator:
        return Relation.COORDINATOR
    if by.unit == demand.unit:
        return Relation.LEAD
    return Relation.ASSISTING if by.unit in demand.assisting else Relation.NONE


def permit(demand: Demand, command: c.RoutingCommand, by: Staff, pack: Pack) -> None:
    """Raise `Refused` with the rule, where the unit of whoever asks may not give this command."""
    permitted, found = PERMITTED[type(command)], relation(demand, by, pack)
    if found in permitted:
        return
    if permitted is _DISPATCH:
        en = f"only the coordinator ({pack.coordinator}) may do this: ask there"
        raise Refused(Code.FORBIDDEN, en, f"仅统筹单位（{pack.coordinator}）可以操作，请与其联系")
    if found is Relation.ASSISTING:
        en = (
            f"an assisting unit may contact the citizen and report progress; the rest is for {demand.unit}, which leads"
        )
        raise Refused(Code.FORBIDDEN, en, f"协办单位可以联系群众、反馈进展，其余由主办单位 {demand.unit} 办理")
    raise Refused(Code.FORBIDDEN, f"this demand lies with {demand.unit}, not {by.unit}", "该诉求不由本单位办理")
