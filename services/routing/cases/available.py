"""Decides which commands a person may give to a case in its present state; pure."""

from collections.abc import Callable, Mapping
from typing import Final

from services.routing.cases.commands import COMMANDS
from services.routing.cases.decisions import calling, publishing
from services.routing.publications.domain import PublicationState
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import HOLDER, TRANSITIONS
from shared.contracts.demand.state import Demand, Service, Status
from shared.identity import relations
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack

_FACTS: Final[Mapping[str, type[f.StatusFact]]] = {
    "accept": f.DemandAccepted,
    "assign": f.DemandAssigned,
    "return": f.DemandReturned,
    "transfer": f.DemandRouted,
    "move-up": f.DemandRouted,
    "decline": f.DemandDeclined,
    "contact": f.DemandContacted,
    "progress": f.DemandProgressed,
    "list": f.DemandListed,
    "resolve": f.DemandResolved,
    "request-extension": f.ExtensionRequested,
    "grant-extension": f.DemandExtended,
    "refuse-extension": f.ExtensionRefused,
    "extend": f.DemandExtended,
    "pause": f.DemandPaused,
    "resume": f.DemandResumed,
    "request-assistance": f.AssistanceRequested,
    "accept-assistance": f.AssistanceAccepted,
    "report-assistance": f.AssistanceReported,
    "end-assistance": f.AssistanceEnded,
    "route": f.DemandRouted,
    "reclassify": f.DemandReclassified,
    "prioritize": f.DemandPrioritized,
    "merge": f.DemandMerged,
    "unmerge": f.DemandUnmerged,
}
"""The fact that each command records. The lifecycle table says after which status a fact is allowed. A command that is
missing here records only notes, which are allowed while routing holds the demand."""


def _has_open_part(demand: Demand, by: Person) -> bool:
    parts = {part.unit: part for part in demand.assistance}
    part = parts.get(by.unit)
    return by.unit in demand.assisting and (part is None or part.accepted_at is None)


_SENSIBLE: Final[Mapping[str, Callable[[Demand, Person, Pack], bool]]] = {
    "return": lambda demand, by, pack: demand.unit != pack.coordinator,
    "transfer": lambda demand, by, pack: demand.unit is not None,
    "move-up": lambda demand, by, pack: bool(pack.units_above(demand.unit or "")),
    "list": lambda demand, by, pack: bool(pack.list_levels),
    "resolve": lambda demand, by, pack: demand.status is not Status.MERGED,
    "request-extension": lambda demand, by, pack: _may_extend(demand, pack) and demand.extension is None,
    "grant-extension": lambda demand, by, pack: demand.extension is not None,
    "refuse-extension": lambda demand, by, pack: demand.extension is not None,
    "extend": lambda demand, by, pack: _may_extend(demand, pack),
    "pause": lambda demand, by, pack: demand.paused_at is None,
    "resume": lambda demand, by, pack: demand.paused_at is not None,
    "accept-assistance": lambda demand, by, pack: _has_open_part(demand, by),
    "report-assistance": lambda demand, by, pack: by.unit in demand.assisting,
    "end-assistance": lambda demand, by, pack: bool(demand.assisting),
}


def _may_extend(demand: Demand, pack: Pack) -> bool:
    return demand.due_at is not None and demand.paused_at is None and demand.extensions < pack.max_extensions


def available(
    demand: Demand, by: Person, pack: Pack, publication: PublicationState = publishing.NOTHING
) -> tuple[str, ...]:
    """The names of the commands that this person may give now, in the order of the table of rights."""
    permitted = (name for name in relations.commands_of(by, demand, pack) if name in COMMANDS)
    return tuple(name for name in permitted if _is_possible(name, demand, by, pack, publication))


def _is_possible(name: str, demand: Demand, by: Person, pack: Pack, publication: PublicationState) -> bool:
    if name in relations.CALL_COMMANDS:
        return calling.possible(demand, by, pack)
    if name in relations.PUBLICATION_COMMANDS:
        return publishing.possible(name, demand, pack, publication)
    kind = _FACTS.get(name)
    if kind is None:
        return HOLDER[demand.status] is Service.ROUTING
    sensible = _SENSIBLE.get(name)
    return demand.status in TRANSITIONS[kind].after and (sensible is None or sensible(demand, by, pack))
