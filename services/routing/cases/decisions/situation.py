"""Holds what a decision on a command needs to know, and the refusals that all decisions use."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.routing.call_backs.domain import CallBackState
from services.routing.publications.domain import PublicationState
from shared.contracts.demand.state import Demand
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity.person import Person
from shared.jurisdiction.pack import Pack


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a decision needs to know.

    `by` is the person who gives the command. `parent` is the other case of a merge, `words` the title and text that the
    citizen wrote, `publication` what is public of the case, `call_back` the state of its call-back; each of these is
    None if the command does not need it.
    """

    demand: Demand
    by: Person
    pack: Pack
    at: datetime
    parent: Demand | None = None
    words: str | None = None
    publication: PublicationState | None = None
    call_back: CallBackState | None = None


def require_units(pack: Pack, field: str, units: Iterable[str | None]) -> None:
    """Raise `Refused` if one of these units does not belong to the jurisdiction."""
    for unit in units:
        if unit and pack.unit(unit) is None:
            error = FieldError(field, f"单位 {unit!r} 不存在", f"there is no unit {unit!r}", pack.coordinator)
            raise Refused(Code.INVALID, f"{field}: {error.en}; see GET /v1/units", error.zh, (error,))


def illegal(en: str, zh: str) -> Refused:
    """The refusal of a command that the case does not allow in its present state."""
    return Refused(Code.ILLEGAL_TRANSITION, en, zh)


def invalid(field: str, en: str, zh: str, example: str | None = None) -> Refused:
    """The refusal of a command with an error in one field."""
    return Refused(Code.INVALID, f"{field}: {en}", zh, (FieldError(field, zh, en, example),))
