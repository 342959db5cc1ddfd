"""What a decision on a command looks at: the case, who asks, the jurisdiction and the moment."""

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
    """Everything that a decision needs; `parent` is the other case of a merge, `words` what the citizen wrote,
    `publication` what is public, `call_back` how the call-back stands."""

    demand: Demand
    by: Person
    pack: Pack
    at: datetime
    parent: Demand | None = None
    words: str | None = None
    publication: PublicationState | None = None
    call_back: CallBackState | None = None


def require_units(pack: Pack, field: str, units: Iterable[str | None]) -> None:
    """Raise `Refused` where a unit is not one of the jurisdiction."""
    for unit in units:
        if unit and pack.unit(unit) is None:
            error = FieldError(field, f"单位 {unit!r} 不存在", f"there is no unit {unit!r}", pack.coordinator)
            raise Refused(Code.INVALID, f"{field}: {error.en}; see GET /v1/units", error.zh, (error,))


def illegal(en: str, zh: str) -> Refused:
    """What the case does not allow as it stands."""
    return Refused(Code.ILLEGAL_TRANSITION, en, zh)


def invalid(field: str, en: str, zh: str, example: str | None = None) -> Refused:
    """What is wrong with one field of the command."""
    return Refused(Code.INVALID, f"{field}: {en}", zh, (FieldError(field, zh, en, example),))
