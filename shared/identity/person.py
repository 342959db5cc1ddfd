"""A member of staff: a name, the unit that they act for, and their roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """The role of a person at their unit."""

    CLERK = "clerk"
    HEAD = "head"
    DISPATCHER = "dispatcher"
    LEADER = "leader"
    AUDITOR = "auditor"
    ADMIN = "admin"
    CALLER = "caller"
    PERSONAL_DATA = "personal-data"
    """An addition to one of the other roles."""


_OF_A_UNIT: Final = frozenset({Role.CLERK})
_OF_THE_COORDINATOR: Final = frozenset({Role.DISPATCHER, Role.HEAD})


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a token or a session. Unknown names in `roles` grant nothing. `subject` is the issuer's id of the
    person, which distinguishes two people with one name in one unit; None if there is no issuer."""

    name: str
    unit: str
    roles: frozenset[str] = frozenset()
    subject: str | None = None

    def roles_at(self, coordinator: str) -> frozenset[Role]:
        """The roles of the person in a jurisdiction with this coordinator.

        Old tokens have no roles: they count as tokens of a clerk, and at the coordinator's unit as tokens of a
        dispatcher and head.
        """
        known = frozenset(role for role in Role if role in self.roles)
        if names_a_desk_role(self.roles):
            return known
        return known | (_OF_THE_COORDINATOR if self.unit == coordinator else _OF_A_UNIT)


def names_a_desk_role(roles: Iterable[str]) -> bool:
    """Whether there is a role other than `personal-data`; unknown roles count too."""
    return bool(set(roles) - {Role.PERSONAL_DATA})
