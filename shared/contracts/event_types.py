"""The closed list of facts and how a wire type finds its class."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from shared.contracts.demand import facts as f
from shared.contracts.refusals import Code, Refused

STATUS_FACTS: Final[Mapping[str, type[f.StatusFact]]] = {
    kind.type: kind
    for kind in (
        f.DemandSubmitted,
        f.DemandTriaged,
        f.DemandRouted,
        f.DemandDeclined,
        f.DemandMerged,
        f.DemandAccepted,
        f.DemandReturned,
        f.DemandContacted,
        f.DemandProgressed,
        f.DemandExtended,
        f.DemandReclassified,
        f.DemandListed,
        f.DemandResolved,
        f.DemandWithdrawn,
        f.DemandConfirmed,
        f.DemandReopened,
        f.DemandClosed,
    )
}
NOTES: Final[Mapping[str, type[f.NoteFact]]] = {
    kind.type: kind
    for kind in (
        f.DemandSupplemented,
        f.DemandUrged,
        f.DemandSupported,
        f.WithdrawalRequested,
        f.HistoryContinued,
        f.DeadlineWarned,
        f.DeadlineMissed,
        f.DemandEscalated,
        f.NotificationSent,
        f.NotificationFailed,
        f.PersonalDataViewed,
    )
}
FACTS: Final[Mapping[str, type[f.Fact]]] = {
    kind.wire_type(): kind for kind in (*STATUS_FACTS.values(), *NOTES.values())
}


def recorded(step: f.RecordedStep) -> f.StatusFact:
    """The fact that another system recorded; raises `Refused` for one that cannot be replayed."""
    kind = STATUS_FACTS.get(step.type)
    if kind is None or kind is f.DemandSubmitted:
        raise Refused(Code.INVALID, f"{step.type!r} cannot be a recorded step")
    try:
        # What follows a step stands behind it in the demand's history, never inside it.
        return kind.model_validate({name: value for name, value in step.data.items() if name != "history"})
    except ValidationError as fault:
        raise _unreadable(step.type, fault) from None


def parse(wire_type: str, data: bytes | str) -> f.Fact:
    """The fact that `data` (UTF-8 JSON) tells; raises `Refused` when it cannot be understood."""
    kind = FACTS.get(wire_type)
    if kind is None:
        raise Refused(Code.INVALID, f"unknown fact type {wire_type!r}")
    try:
        return kind.model_validate_json(data)
    except ValidationError as fault:
        raise _unreadable(wire_type, fault) from None


def _unreadable(what: str, fault: ValidationError) -> Refused:
    first = fault.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    return Refused(Code.INVALID, f"{what}: {where}: {first['msg']}")
