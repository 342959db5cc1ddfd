"""Checks who may call citizens back."""

from typing import Final

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person, Role
from shared.jurisdiction.pack import Pack

_CALLERS: Final = frozenset({Role.CALLER})
_COORDINATORS: Final = _CALLERS | {Role.DISPATCHER}


def may_call(person: Person, pack: Pack) -> bool:
    """Whether this person may call citizens at all: callers of any unit, and the coordinator's dispatchers. For a
    single case the table of rights decides."""
    roles = person.roles_at(pack.coordinator)
    allowed = _COORDINATORS if person.unit == pack.coordinator else _CALLERS
    return bool(pack.unit(person.unit)) and bool(roles & allowed)


def require_caller(person: Person, pack: Pack) -> None:
    """Raise `Refused` if this person may not read the list of call-backs, or if the jurisdiction calls nobody back."""
    if not may_call(person, pack):
        en = "only callers and the coordinator's dispatchers may do call-backs: ask the coordinator"
        raise Refused(Code.FORBIDDEN, en, "回访由回访员和统筹单位派单员办理，请联系统筹单位")
    if not pack.callback.is_on:
        en = "this jurisdiction does not call citizens back: its pack sets no coverage in callback"
        raise Refused(Code.FORBIDDEN, en, "本辖区没有设置回访（辖区配置 callback.coverage）")
