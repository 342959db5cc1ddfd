"""Who may look at catalogues and change them."""

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.policy import CaseOffices
from shared.identity.relations import policy_of
from shared.identity.rights import Relation
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

EDIT = "edit-catalogue"
PUBLISH = "publish-catalogue"


def catalogue_pack(by: Person, packs: Jurisdictions, right: str) -> Pack:
    """The jurisdiction in whose catalogue somebody has a right, by its name in `rights`; raises `Refused`."""
    pack = next((pack for pack in packs if pack.unit(by.unit)), None)
    if pack is None:
        en, zh = f"no jurisdiction that is served here has the unit {by.unit!r}", f"本系统没有单位 {by.unit!r}"
        raise Refused(Code.FORBIDDEN, en, zh)
    relations = {Relation.JURISDICTION} | ({Relation.WHOLE} if by.unit == pack.coordinator else set())
    offices = CaseOffices(None, None, pack.coordinator)
    policy_of(pack).require(right, by.roles_at(pack.coordinator), relations, offices)
    return pack
