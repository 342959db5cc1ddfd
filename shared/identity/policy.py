"""The policy of rights: checks who may give a command to a case; a refusal names the rule and whom to ask."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final, NamedTuple

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Role
from shared.identity.rights import COMMANDS, RIGHTS, BilingualName, Relation


class Grant(NamedTuple):
    """A role at a unit with a certain relation to the case."""

    role: Role
    relation: Relation


@dataclass(frozen=True, slots=True)
class CaseOffices:
    """The units that a refusal may name as those to ask: the lead unit (None if there is none yet), the next unit above
    it (None above the coordinator), and the coordinator; `name` is the name of a unit, for people."""

    lead: str | None
    above: str | None
    coordinator: str
    name: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Policy:
    """The grants of each command, by the command's name."""

    grants: Mapping[str, frozenset[Grant]]

    def granting(self, command: str, grants: Iterable[Grant]) -> "Policy":
        """A copy of the policy in which a command has exactly these grants: a pack may name who decides."""
        return replace(self, grants={**self.grants, command: frozenset(grants)})

    def may(self, command: str, roles: Collection[Role], relations: Collection[Relation]) -> bool:
        """Whether a person with these roles, at a unit with these relations, may give the command."""
        return any(grant.role in roles and grant.relation in relations for grant in self.grants[command])

    def commands(self, roles: Collection[Role], relations: Collection[Relation]) -> tuple[str, ...]:
        """All commands that such a person may give, in the order of the table."""
        return tuple(command for command in COMMANDS if self.may(command, roles, relations))

    def require(
        self, command: str, roles: Collection[Role], relations: Collection[Relation], offices: CaseOffices
    ) -> None:
        """Raise `Refused`, with the rule and whom to ask, if the command may not be given."""
        if not self.may(command, roles, relations):
            raise _refused(command, self.grants[command], roles, relations, offices)


def _grants() -> Iterator[tuple[str, Grant]]:
    for role, by_relation in RIGHTS.items():
        for relation, commands in by_relation.items():
            yield from ((command, Grant(role, relation)) for command in commands)


POLICY: Final = Policy(
    {command: frozenset(grant for granted, grant in _grants() if granted == command) for command in COMMANDS}
)
"""The policy from the table of rights; a pack may change it."""

COORDINATORS: Final = frozenset({Grant(Role.HEAD, Relation.WHOLE), Grant(Role.DISPATCHER, Relation.WHOLE)})
"""The grants of a decision that a pack gives to its coordinator."""

ROLE_WORDS: Final[Mapping[Role, BilingualName]] = {
    Role.CLERK: BilingualName("经办人", "a clerk"),
    Role.HEAD: BilingualName("负责人", "the head"),
    Role.DISPATCHER: BilingualName("派单员", "a dispatcher"),
    Role.LEADER: BilingualName("领导", "a leader"),
    Role.AUDITOR: BilingualName("审计员", "an auditor"),
    Role.ADMIN: BilingualName("管理员", "an administrator"),
    Role.CALLER: BilingualName("回访员", "a caller"),
    Role.PERSONAL_DATA: BilingualName("个人信息查阅人", "a person with the role 'personal-data'"),
}
RELATION_WORDS: Final[Mapping[Relation, BilingualName]] = {
    Relation.OWN: BilingualName("主办单位", "the unit that leads"),
    Relation.ASSISTING: BilingualName("协办单位", "an assisting unit"),
    Relation.FORMER: BilingualName("曾主办的单位", "a unit that led before"),
    Relation.BELOW: BilingualName("上级单位", "a unit above the one that leads"),
    Relation.WHOLE: BilingualName("统筹单位", "the coordinator"),
    Relation.JURISDICTION: BilingualName("本辖区其他单位", "another unit of the jurisdiction"),
    Relation.TO_CALL: BilingualName(
        "未参与办理且待回访的单位", "a unit that had no part in an answer that is to be rated"
    ),
    Relation.APART: BilingualName("未参与办理的单位", "a unit that had no part in it"),
    Relation.NONE: BilingualName("其他辖区的单位", "a unit of another jurisdiction"),
}
"""What to call a unit with this relation to a case, the most important relation first."""


def _refused(
    command: str,
    grants: frozenset[Grant],
    roles: Collection[Role],
    relations: Collection[Relation],
    offices: CaseOffices,
) -> Refused:
    name = COMMANDS[command]
    rule = _rule(grants)
    relation = RELATION_WORDS[
        next((relation_kind for relation_kind in RELATION_WORDS if relation_kind in relations), Relation.NONE)
    ]
    own = _listed(ROLE_WORDS[role] for role in Role if role in roles)
    ask = _ask(grants, offices)
    en = f"to {name.en} is for {rule.en}; you are {own.en or 'without a role'} of {relation.en}: {ask.en}"
    zh = f"规则：“{name.zh}”限{rule.zh}；您是{relation.zh}的{own.zh or '无角色人员'}。{ask.zh}"
    return Refused(Code.FORBIDDEN, en, zh)


def _rule(grants: frozenset[Grant]) -> BilingualName:
    """All grants in words, with the roles at the same kind of unit together."""
    parts = []
    for relation, words in RELATION_WORDS.items():
        roles = _listed(ROLE_WORDS[role] for role in Role if Grant(role, relation) in grants)
        if roles.en:
            parts.append(BilingualName(f"{words.zh}的{roles.zh}", f"{roles.en} of {words.en}"))
    return _listed(parts, ("；", "; "))


def _listed(words: Iterable[BilingualName], between: tuple[str, str] = ("、", ", ")) -> BilingualName:
    def join(left: BilingualName, right: BilingualName) -> BilingualName:
        return BilingualName(f"{left.zh}{between[0]}{right.zh}", f"{left.en}{between[1]}{right.en}")

    listed = list(words)
    return reduce(join, listed) if listed else BilingualName("", "")


def _ask(grants: frozenset[Grant], offices: CaseOffices) -> BilingualName:
    """Whom to ask: the lead unit if it may do it, else the unit above it, else the coordinator."""
    granted = {grant.relation for grant in grants}
    if offices.lead and Relation.OWN in granted:
        return BilingualName(f"请联系主办单位{offices.name(offices.lead)}。", f"ask {offices.lead}, which leads")
    if offices.above and Relation.BELOW in granted:
        above = offices.name(offices.above)
        return BilingualName(f"请联系上级单位{above}。", f"ask {offices.above}, which stands above")
    coordinator = offices.name(offices.coordinator)
    return BilingualName(f"请联系统筹单位{coordinator}。", f"ask the coordinator, {offices.coordinator}")
