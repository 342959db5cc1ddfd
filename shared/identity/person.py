"""A person who handles demands: a name, the unit that they act for, and their roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a person is at their unit."""

    CLERK = "clerk"
    HEAD = "head"
    DISPATCHER = "dispatcher"
    LEADER = "leader"
    AUDITOR = "auditor"
    ADMIN = "admin"
    CALLER = "caller"
    PERSONAL_DATA = "personal-data"


DESK_ROLES: Final = frozenset(Role) - {Role.PERSONAL_DATA}
"""The roles that say what a person does; `personal-data` comes beside one of them."""
_OF_A_UNIT: Final = frozenset({Role.CLERK})
_OF_THE_COORDINATOR: Final = frozenset({Role.DISPATCHER, Role.HEAD})


@dataclass(frozen=True, slots=True)
class Person:
    """Who bears a token or has signed in. Of `roles`, names that this version does not know grant nothing. `subject` is
    the issuer's own id of the person, which tells two of one name in one unit apart; None where no issuer gave one."""

    name: str
    unit: str
    roles: frozenset[str] = frozenset()
    subject: str | None = None

    def roles_at(self, coordinator: str) -> frozenset[Role]:
        """The roles that count where this unit coordinates.

        Tokens that were made before there were roles name none: they count as a clerk's, and at the coordinator's unit
        as those of a dispatcher and of the head.
        """
        known = frozenset(role for role in Role if role in self.roles)
        if names_a_desk_role(self.roles):
            return known
        return known | (_OF_THE_COORDINATOR if self.unit == coordinator else _OF_A_UNIT)


def names_a_desk_role(roles: Iterable[str]) -> bool:
    """Whether there is any role but `personal-data`, be it one that this version does not know."""
    return bool(set(roles) - {Role.PERSONAL_DATA})
