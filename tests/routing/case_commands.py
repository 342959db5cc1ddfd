"""The staff who work on cases, every command with its fields, and a random choice among the possible ones."""

from collections.abc import Mapping
from datetime import datetime
from random import Random
from typing import Any, Final
from uuid import UUID

from shared.contracts.demand.state import Demand
from shared.identity.person import Person
from tests.packs import nanhai
from tests.routing.case_harness import Course
from tests.routing.case_model import Fields, is_possible, may_merge

PACK: Final = nanhai()
STATION, TOWN, SCHOOLS, ROADS = "station-440605011001", "town-440605011000", "nh-education", "nh-transport"


def person(name: str, unit: str, role: str) -> Person:
    """A member of staff with one role."""
    return Person(name, unit, frozenset({role}))


STAFF: Final = (
    person("陈", STATION, "clerk"), person("林", STATION, "clerk"), person("黄", STATION, "head"),
    person("梁", TOWN, "clerk"), person("何", TOWN, "head"), person("王", ROADS, "clerk"), person("周", ROADS, "head"),
    person("吴", SCHOOLS, "clerk"), person("李", PACK.coordinator, "dispatcher"),
    person("冯", PACK.coordinator, "head"), person("郭", TOWN, "leader"), person("邓", STATION, "auditor"),
    person("曾", "nh-tax", "clerk"),
)  # fmt: skip
COMMANDS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("accept", {}), ("assign", {"handler": "林"}), ("contact", {}), ("contact", {"reached": False}),
    ("progress", {"note": "已勘查"}), ("note", {"text": "钥匙在物业"}), ("attach", {"evidence": ["照片一"]}),
    ("return", {"reason": "不属本单位", "suggested_unit": SCHOOLS}),
    ("return", {"reason": "不属本单位", "suggested_unit": STATION}),
    ("transfer", {"unit": ROADS, "reason": "道路"}), ("transfer", {"unit": TOWN, "reason": "跨村"}),
    ("move-up", {"reason": "需协调"}), ("decline", {"reason": "邻区"}), ("list", {"level": "town", "reason": "入库"}),
    ("resolve", {"result": "修好了"}), ("resolve", {"result": "修好了", "not_contacted": "无人接听"}),
    ("request-extension", {"working_days": 3, "reason": "勘测"}), ("grant-extension", {}),
    ("refuse-extension", {"reason": "可按期"}),
    ("extend", {"working_days": 2, "reason": "勘测", "approved_by": "区统筹办"}),
    ("pause", {"reason": "waiting-for-citizen", "days": 3}), ("pause", {"reason": "weather"}),
    ("pause", {"reason": "other-authority"}), ("resume", {}),
    ("request-assistance", {"units": [ROADS], "reason": "权属"}),
    ("request-assistance", {"units": [TOWN, SCHOOLS], "reason": "权属"}),
    ("accept-assistance", {}), ("report-assistance", {"note": "村道"}),
    ("report-assistance", {"note": "仍在查", "done": False}), ("end-assistance", {"unit": ROADS, "reason": "已查明"}),
    ("route", {"unit": STATION}), ("route", {"unit": SCHOOLS, "assisting": [ROADS], "working_days": 4}),
    ("reclassify", {"category": "street-lighting", "reason": "路灯"}),
    ("reclassify", {"category": "noise", "reason": "噪声"}),
    ("prioritize", {"urgency": "urgent", "reason": "停水"}), ("prioritize", {"urgency": "critical", "reason": "塌陷"}),
    ("merge", {"reason": "同一处"}), ("unmerge", {"reason": "不同"}),
)  # fmt: skip
FORWARD: Final = {
    "accept", "contact", "pause", "resume", "list", "request-extension", "grant-extension", "refuse-extension",
    "extend", "resolve",
}  # fmt: skip
"""Chosen more often, so that a case makes progress before it is moved."""
BESIDE: Final = {"note", "attach"}
"""Chosen less often, since they are always possible and change nothing."""
DISPATCHER: Final = STAFF[8]


def with_parent(command: tuple[str, Fields], parent: str) -> tuple[str, Fields]:
    """The fields of the command; those of a merge name the parent."""
    name, fields = command
    return name, {**fields, **({"into": parent} if name == "merge" else {})}


def is_expected(
    by: Person, name: str, fields: Fields, case: Demand, courses: Mapping[UUID, Course], at: datetime
) -> bool:
    """Whether the command must succeed, given the present state of all cases."""
    joins = name != "merge" or may_merge(case, numbered(courses, fields["into"]))
    return joins and is_possible(by, name, fields, case, PACK, at)


def choice(
    pick: int, case: Demand, courses: Mapping[UUID, Course], parent: str, at: datetime
) -> tuple[Person, str, Fields]:
    """A possible command by a permitted person; notes are always possible. `pick` is the seed of the choice."""
    choose, possible = Random(f"{pick} {case.version}"), {}
    for n, command in enumerate(COMMANDS):
        name, fields = with_parent(command, parent)
        if people := [by for by in STAFF if is_expected(by, name, fields, case, courses, at)]:
            possible[n] = (people, name, fields)
    weights = [6 if possible[n][1] in FORWARD else 0.3 if possible[n][1] in BESIDE else 1 for n in sorted(possible)]
    people, name, fields = possible[choose.choices(sorted(possible), weights)[0]]
    return choose.choice(people), name, fields


def numbered(courses: Mapping[UUID, Course], number: str) -> Demand:
    """The case with this number."""
    return next(course.stored for course in courses.values() if course.stored.number == number)
