"""The closed list of facts and how a wire type finds its class, be it told in a retired version."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pydantic import JsonValue, ValidationError

from shared.contracts.demand import facts as f
from shared.contracts.demand import retired
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
        f.DemandUnmerged,
        f.DemandAssigned,
        f.ExtensionRequested,
        f.ExtensionRefused,
        f.DemandPaused,
        f.DemandResumed,
        f.AssistanceRequested,
        f.AssistanceAccepted,
        f.AssistanceReported,
        f.AssistanceEnded,
        f.DemandPrioritized,
    )
}
NOTES: Final[Mapping[str, type[f.NoteFact]]] = {
    kind.type: kind
    for kind in (
        f.DemandSupplemented,
        f.DemandUrged,
        f.DemandSupported,
        f.WithdrawalRequested,
        f.VerdictGiven,
        f.CallBackFailed,
        f.LinkRequested,
        f.HistoryContinued,
        f.DeadlineWarned,
        f.DeadlineMissed,
        f.DemandEscalated,
        f.NotificationSent,
        f.NotificationFailed,
        f.PersonalDataViewed,
        f.DemandNoted,
        f.EvidenceAttached,
        f.DemandClustered,
        f.DemandPublished,
        f.DemandUnpublished,
        f.PublicationRefused,
        f.PublicationAllowed,
    )
}
FACTS: Final[Mapping[str, type[f.Fact]]] = {
    kind.wire_type(): kind for kind in (*STATUS_FACTS.values(), *NOTES.values())
}
"""What is told today, by wire type."""


class Retired(NamedTuple):
    """A version that nobody tells any more: its class, and a pure function to the next version."""

    kind: type[f.Fact]
    upcast: Callable[[Any], f.Fact]


RETIRED: Final[Mapping[str, Retired]] = {
    one.kind.wire_type(): one for one in (Retired(retired.DemandRoutedV1, retired.routed),)
}
KNOWN: Final = FACTS.keys() | RETIRED.keys()
"""Every wire type that can be read."""
RECORDED: Final[Mapping[str, type[f.Fact]]] = {
    **STATUS_FACTS,
    **{one.kind.type: one.kind for one in RETIRED.values() if one.kind.moves and one.kind.version == 1},
}
"""Steps that other systems recorded name no version, so they have the fields of the first one."""


def recorded(step: f.RecordedStep) -> f.StatusFact:
    """The fact that another system recorded; raises `Refused` for one that cannot be replayed."""
    fact = upcast(as_recorded(step))
    assert isinstance(fact, f.StatusFact)
    return fact


def as_recorded(step: f.RecordedStep) -> f.Fact:
    """The same in the version in which steps are recorded."""
    kind = RECORDED.get(step.type)
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
        return upcast(_as_told(wire_type, data))
    return _read(kind, data)


def upcast(fact: f.Fact) -> f.Fact:
    """The fact in the version that is told today."""
    while old := RETIRED.get(fact.wire_type()):
        fact = old.upcast(fact)
    return fact


def current_data(wire_type: str, data: str) -> dict[str, JsonValue]:
    """What a stored fact says, with the fields of the version that is told today."""
    if wire_type in RETIRED:
        data = parse(wire_type, data).model_dump_json(exclude_defaults=True)
    payload: dict[str, JsonValue] = json.loads(data)
    return payload


def _as_told(wire_type: str, data: bytes | str) -> f.Fact:
    old = RETIRED.get(wire_type)
    if old is None:
        raise Refused(Code.INVALID, f"unknown fact type {wire_type!r}")
    return _read(old.kind, data)


def _read(kind: type[f.Fact], data: bytes | str) -> f.Fact:
    try:
        return kind.model_validate_json(data)
    except ValidationError as fault:
        raise _unreadable(kind.wire_type(), fault) from None


def _unreadable(what: str, fault: ValidationError) -> Refused:
    first = fault.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    return Refused(Code.INVALID, f"{what}: {where}: {first['msg']}")
