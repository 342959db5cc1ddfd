"""Checks who may read and change catalogues."""

from functools import partial

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.policy import CaseOffices
from shared.identity.relations import policy_of
from shared.identity.rights import READ, Relation
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.unit_names import unit_name

__all__ = ["EDIT", "PUBLISH", "READ", "catalogue_pack", "has_right"]
EDIT = "edit-catalogue"
PUBLISH = "publish-catalogue"
"""Besides these, whoever may read every case of the jurisdiction reads its catalogue: a rehearsal names cases."""


def has_right(by: Person, pack: Pack, right: str) -> bool:
    """Whether this person has a right in the catalogue of their jurisdiction; `right` is a name in `rights`."""
    return policy_of(pack).may(right, by.roles_at(pack.coordinator), _relations(by, pack))


def catalogue_pack(by: Person, packs: Jurisdictions, right: str) -> Pack:
    """The jurisdiction of this person, if they have the right in its catalogue; raises `Refused` otherwise."""
    pack = next((pack for pack in packs if pack.unit(by.unit)), None)
    if pack is None:
        en, zh = f"no jurisdiction that is served here has the unit {by.unit!r}", f"本系统没有单位 {by.unit!r}"
        raise Refused(Code.FORBIDDEN, en, zh)
    if right == READ and not has_right(by, pack, READ):
        en = "only the coordinator's staff, auditors and administrators may read the catalogue"
        raise Refused(Code.FORBIDDEN, en, "派单目录供统筹单位人员、审计员和管理员查看")
    offices = CaseOffices(None, None, pack.coordinator, partial(unit_name, pack))
    policy_of(pack).require(right, by.roles_at(pack.coordinator), _relations(by, pack), offices)
    return pack


def _relations(by: Person, pack: Pack) -> set[Relation]:
    return {Relation.JURISDICTION} | ({Relation.WHOLE} if by.unit == pack.coordinator else set())
