"""Rights on cases: the whole table, the relations of units to a case, and the texts of refusals."""

from functools import partial
from itertools import product
from pathlib import Path

import pytest

from shared.contracts.demand import facts as f
from shared.contracts.refusals import Code, Refused
from shared.identity import relations
from shared.identity.person import Person, Role
from shared.identity.policy import POLICY, RELATION_WORDS, ROLE_WORDS, CaseOffices, Grant
from shared.identity.rights import COMMANDS, RIGHTS, Relation
from shared.jurisdiction.handling import Decider, ExtensionRules
from shared.jurisdiction.unit_names import unit_name
from tests import story
from tests.packs import nanhai, shipped

PACK = nanhai()
STATION, TOWN, OTHER_TOWN = "station-440605011001", "town-440605011000", "town-440605124000"
LED = story.demand(*story.SUBMITTED, f.DemandRouted(unit="nh-tax", rule="r"), f.DemandReturned(by="x", reason="x"),
                   f.DemandRouted(unit=STATION, assisting=("nh-transport",), rule="r"))  # fmt: skip
OFFICES = CaseOffices(STATION, TOWN, PACK.coordinator, partial(unit_name, PACK))
EVERY = tuple(product(Role, Relation))


def table() -> str:
    """A line for each command: for each role, the relations in which it may give the command."""
    lines = []
    for command in COMMANDS:
        granted = {
            role: [relation for relation in Relation if Grant(role, relation) in POLICY.grants[command]]
            for role in Role
        }
        rights = "; ".join(f"{role}: {' '.join(of)}" for role, of in granted.items() if of)
        lines.append(f"{command:20} {rights}")
    return "\n".join(lines)


def test_the_table_grants_what_is_written_down_and_nothing_else():
    print(table())
    assert table().splitlines() == (Path(__file__).parent / "rights.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_given_or_refused_with_its_rule_and_a_way_out(command: str):
    differences = {f"{role}, {relation}": wrong_about(command, role, relation) for role, relation in EVERY}
    assert {case: parts for case, parts in differences.items() if parts} == {}


def wrong_about(command: str, role: Role, relation: Relation) -> list[str]:
    """Differences between the policy and the rights, and texts missing in a refusal."""
    granted = command in RIGHTS[role].get(relation, ())
    if POLICY.may(command, {role}, {relation}) != granted:
        return ["allowed" if not granted else "not allowed"]
    try:
        POLICY.require(command, {role}, {relation}, OFFICES)
    except Refused as refused:
        return ["refused"] if granted else unsaid(command, refused)
    return [] if granted else ["not refused"]


def unsaid(command: str, refused: Refused) -> list[str]:
    """The texts missing in a refusal: the command, who may give it, and whom to ask."""
    missing = [] if refused.code is Code.FORBIDDEN else [f"code {refused.code}"]
    for language in ("zh", "en"):
        message = getattr(refused, language)
        words = [COMMANDS[command]]
        words += [ROLE_WORDS[grant.role] for grant in POLICY.grants[command]]
        words += [RELATION_WORDS[grant.relation] for grant in POLICY.grants[command]]
        missing += [word for word in (getattr(text, language) for text in words) if word not in message]
        units = (STATION, TOWN, PACK.coordinator)
        if not any((unit_name(PACK, unit) if language == "zh" else unit) in message for unit in units):
            missing.append(f"{language}: a unit to ask")
    return missing


def test_a_refusal_is_a_complete_sentence():
    with pytest.raises(Refused) as refused:
        relations.require("grant-extension", Person("陈", STATION), LED, PACK)
    assert refused.value.en == (
        "to grant an extension is for the head of a unit above the one that leads; the head, a dispatcher of the"
        " coordinator; you are a clerk of the unit that leads: ask town-440605011000, which stands above"
    )
    assert refused.value.zh == (
        "规则：“同意延期”限上级单位的负责人；统筹单位的负责人、派单员；您是主办单位的经办人。"
        "请联系上级单位桂城街道办事处。"
    )


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (STATION, "own jurisdiction"),
        ("nh-transport", "assisting jurisdiction"),
        ("nh-tax", "former apart jurisdiction"),
        (TOWN, "below apart jurisdiction"),
        (PACK.coordinator, "below whole apart jurisdiction"),
        (OTHER_TOWN, "apart jurisdiction"),
        ("nh-police", "apart jurisdiction"),
        (next(pack for pack in shipped() if pack.id != "nanhai").coordinator, "none"),
        ("no-such-unit", "none"),
    ],
)
def test_the_relation_of_a_unit_to_a_case_follows_from_its_lead_and_the_divisions(unit: str, expected: str):
    assert relations.relations(unit, LED, PACK) == frozenset(expected.split())


def test_a_case_without_a_unit_is_below_no_unit():
    triaged = story.demand(*story.SUBMITTED, f.DemandTriaged(reason="x"))
    assert relations.relations(TOWN, triaged, PACK) == {"apart", "jurisdiction"}
    assert relations.relations(PACK.coordinator, triaged, PACK) == {"whole", "apart", "jurisdiction"}


def test_above_a_station_are_its_town_and_the_coordinator_and_a_department_has_nobody_below():
    assert PACK.units_above(STATION) == (TOWN, PACK.coordinator)
    assert PACK.units_above(TOWN) == PACK.units_above("nh-tax") == (PACK.coordinator,)
    assert PACK.units_above(PACK.coordinator) == PACK.units_above("no-such-unit") == ()


def test_a_department_of_a_town_is_below_the_town():
    office = next(unit for unit in PACK.units if unit.id == "nh-tax").model_copy(
        update={"id": "town-tax", "division_code": "440605011000"}
    )
    fields = {name: getattr(PACK, name) for name in type(PACK).model_fields}
    pack = type(PACK).model_validate(fields | {"units": (*PACK.units, office)})
    assert pack.units_above("town-tax") == (TOWN, PACK.coordinator)
    assert pack.units_above(STATION) == (TOWN, PACK.coordinator)


@pytest.mark.parametrize(
    ("unit", "roles", "expected"),
    [
        (STATION, (), "clerk"),
        (PACK.coordinator, (), "dispatcher head"),
        (PACK.coordinator, ("personal-data",), "dispatcher head personal-data"),
        (STATION, ("personal-data",), "clerk personal-data"),
        (PACK.coordinator, ("auditor",), "auditor"),
        (PACK.coordinator, ("a role of a later version",), ""),
        (STATION, ("head", "clerk"), "head clerk"),
    ],
)
def test_a_person_without_roles_is_a_clerk_and_at_the_coordinator_a_dispatcher_and_head(
    unit: str, roles: tuple[str, ...], expected: str
):
    assert Person("陈", unit, frozenset(roles)).roles_at(PACK.coordinator) == frozenset(expected.split())


def test_a_dispatcher_of_another_unit_dispatches_nothing_and_an_auditor_reads_all():
    police = Person("王", "nh-police", frozenset({"dispatcher", "auditor"}))
    assert relations.commands_of(police, LED, PACK) == ("read", "read-views")


def test_a_pack_leaves_extensions_to_the_head_above_or_to_the_coordinator_alone():
    above, coordinator = Person("何", TOWN, frozenset({"head"})), Person("林", PACK.coordinator)
    assert relations.may("grant-extension", above, LED, PACK)
    handling = PACK.handling.model_copy(update={"extension": ExtensionRules(decider=Decider.COORDINATOR)})
    central = PACK.model_copy(update={"handling": handling})
    for command in ("grant-extension", "refuse-extension"):
        assert not relations.may(command, above, LED, central)
        assert relations.may(command, coordinator, LED, central)
    assert relations.may("note", above, LED, central)


def test_a_pack_may_name_another_role_for_a_decision():
    policy = POLICY.granting("grant-extension", {Grant(Role.LEADER, Relation.OWN)})
    assert policy.may("grant-extension", {Role.LEADER}, {Relation.OWN})
    assert not policy.may("grant-extension", {Role.HEAD}, {Relation.BELOW})
    assert policy.may("refuse-extension", {Role.HEAD}, {Relation.BELOW})
