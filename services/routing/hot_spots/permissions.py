"""Checks who may read common demands: persons who may read every case of the jurisdiction, by the table of rights."""

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.relations import policy_of
from shared.identity.rights import READ, Relation
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack


def may_look(by: Person, pack: Pack) -> bool:
    """Whether this person may read the common demands of this jurisdiction."""
    relations = {Relation.JURISDICTION} | ({Relation.WHOLE} if by.unit == pack.coordinator else set())
    return policy_of(pack).may(READ, by.roles_at(pack.coordinator), relations)


def pack_for(by: Person, packs: Jurisdictions) -> Pack:
    """The jurisdiction of this person, if they may read its common demands; raises `Refused` otherwise."""
    pack = packs.of_unit(by.unit)
    if pack is None or not may_look(by, pack):
        en = (
            "only the coordinator's staff, auditors and administrators may see hot spots, because they contain"
            " cases of all units"
        )
        raise Refused(Code.FORBIDDEN, en, "共性需求涉及各单位的诉求，仅限统筹单位人员、审计员和管理员查看")
    return pack
