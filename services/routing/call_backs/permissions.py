"""Whose work the calling of citizens is."""

from typing import Final

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person, Role
from shared.jurisdiction.pack import Pack

_CALLERS: Final = frozenset({Role.CALLER})
_COORDINATORS: Final = _CALLERS | {Role.DISPATCHER}


def may_call(person: Person, pack: Pack) -> bool:
    """Whether somebody calls citizens here at all: callers of any unit, and the coordinator's dispatchers. Of which
    case, the table of rights says."""
    roles = person.roles_at(pack.coordinator)
    allowed = _COORDINATORS if person.unit == pack.coordinator else _CALLERS
    return bool(pack.unit(person.unit)) and bool(roles & allowed)


def require_caller(person: Person, pack: Pack) -> None:
    """Raise `Refused` where the list of call-backs is not theirs, or nobody is called here."""
    if not may_call(person, pack):
        en = "call-backs are for callers, and for the coordinator's dispatchers: ask the coordinator"
        raise Refused(Code.FORBIDDEN, en, "回访由回访员和统筹单位派单员办理，请联系统筹单位")
    if not pack.callback.is_on:
        en = "this jurisdiction does not call citizens back: its pack sets no coverage in callback"
        raise Refused(Code.FORBIDDEN, en, "本辖区没有设置回访（辖区配置 callback.coverage）")
