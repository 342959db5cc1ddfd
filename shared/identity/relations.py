"""Computes the relations of a person's unit to a case, and checks the person's rights with them."""

from collections.abc import Mapping
from functools import partial, reduce
from itertools import product
from typing import Final

from shared.contracts.demand.state import Demand, Status, is_confidential
from shared.identity.person import Person
from shared.identity.policy import COORDINATORS, POLICY, CaseOffices, Policy
from shared.identity.rights import Relation
from shared.jurisdiction.handling import Decider
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.unit_names import unit_name


def relations(unit: str, demand: Demand, pack: Pack) -> frozenset[Relation]:
    """All relations of a unit to a demand in this pack's jurisdiction."""
    if pack.unit(unit) is None:
        return frozenset({Relation.NONE})
    holds = {
        Relation.OWN: unit == demand.unit,
        Relation.ASSISTING: unit in demand.assisting,
        Relation.FORMER: unit in demand.units and unit != demand.unit,
        Relation.BELOW: demand.unit is not None and unit in pack.units_above(demand.unit),
        Relation.WHOLE: unit == pack.coordinator,
        Relation.TO_CALL: is_called_about(demand, pack) and not had_part(unit, demand),
        Relation.APART: not had_part(unit, demand),
        Relation.JURISDICTION: True,
    }
    return frozenset(relation for relation, is_so in holds.items() if is_so)


def can_be_called_about(demand: Demand) -> bool:
    """Whether staff may ask the citizen how a demand was handled (回访): the citizen left a contact, and the demand is
    neither a report (举报), which names somebody, nor imported history."""
    return demand.contact is not None and not demand.imported and not is_confidential(demand.kind)


def is_called_about(demand: Demand, pack: Pack) -> bool:
    """Whether staff must call the citizen about the answer, according to the pack's coverage of call-backs."""
    return demand.status is Status.RESOLVED and can_be_called_about(demand) and pack.callback.covers(demand.id)


def had_part(unit: str, demand: Demand) -> bool:
    """Whether a unit leads or assists: then its people may not ask the citizen to judge the answer."""
    return unit == demand.unit or unit in demand.assisting


_EXTENSION: Final = ("grant-extension", "refuse-extension")
CALL_COMMANDS: Final = ("start-call-back", "release-call-back", "record-call-back")
PUBLICATION_COMMANDS: Final = ("publish", "correct-publication", "withdraw-publication")


def _granted(extension: Decider, reviewer: Decider) -> Policy:
    """The policy for a pack's deciders of extensions and publication: the table, or the coordinator alone."""
    decided = (*((extension, name) for name in _EXTENSION), *((reviewer, name) for name in PUBLICATION_COMMANDS))
    commands = [name for decider, name in decided if decider is Decider.COORDINATOR]
    return reduce(lambda policy, command: policy.granting(command, COORDINATORS), commands, POLICY)


_POLICIES: Final[Mapping[tuple[Decider, Decider], Policy]] = {
    deciders: _granted(*deciders) for deciders in product(Decider, Decider)
}


def policy_of(pack: Pack) -> Policy:
    """The policy of a jurisdiction: its pack names who decides on extensions and publication."""
    release = pack.publication.release
    return _POLICIES[pack.handling.extension.decider, release.reviewer if release else Decider.COORDINATOR]


def may(command: str, person: Person, demand: Demand, pack: Pack) -> bool:
    """Whether a person may give a command to a demand in this pack's jurisdiction."""
    roles = person.roles_at(pack.coordinator)
    return policy_of(pack).may(command, roles, relations(person.unit, demand, pack))


def commands_of(person: Person, demand: Demand, pack: Pack) -> tuple[str, ...]:
    """All commands that a person may give to a demand, without regard to its status."""
    roles = person.roles_at(pack.coordinator)
    return policy_of(pack).commands(roles, relations(person.unit, demand, pack))


def require(command: str, person: Person, demand: Demand, pack: Pack) -> None:
    """Raise `Refused`, with the rule and whom to ask, if the person may not give the command."""
    above = next(iter(pack.units_above(demand.unit)), None) if demand.unit else None
    offices = CaseOffices(demand.unit, above, pack.coordinator, partial(unit_name, pack))
    roles = person.roles_at(pack.coordinator)
    policy_of(pack).require(command, roles, relations(person.unit, demand, pack), offices)
