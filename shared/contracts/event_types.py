"""The closed list of facts, and the parser that finds the class of a wire type and upcasts retired versions."""

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
"""The current classes of facts, by wire type."""


class Retired(NamedTuple):
    """A version that is not written any more: its class, and a pure function that converts it to the next version."""

    kind: type[f.Fact]
    upcast: Callable[[Any], f.Fact]


RETIRED: Final[Mapping[str, Retired]] = {
    version.kind.wire_type(): version for version in (Retired(retired.DemandRoutedV1, retired.routed),)
}
KNOWN: Final = FACTS.keys() | RETIRED.keys()
"""Every wire type that can be read."""
RECORDED: Final[Mapping[str, type[f.Fact]]] = {
    **STATUS_FACTS,
    **{old.kind.type: old.kind for old in RETIRED.values() if old.kind.moves and old.kind.version == 1},
}
"""The classes of steps that other systems recorded, by type. The steps name no version, so they have the fields of
version 1."""


def recorded(step: f.RecordedStep) -> f.StatusFact:
    """The fact of a step that another system recorded, in its current version; raises `Refused` if it is invalid."""
    fact = upcast(as_recorded(step))
    assert isinstance(fact, f.StatusFact)
    return fact


def as_recorded(step: f.RecordedStep) -> f.Fact:
    """The fact of a recorded step, in the version in which steps are recorded; raises `Refused` if it is invalid."""
    kind = RECORDED.get(step.type)
    if kind is None or kind is f.DemandSubmitted:
        raise Refused(Code.INVALID, f"{step.type!r} cannot be a recorded step")
    try:
        # The steps that follow are in the demand's history, never inside a step.
        return kind.model_validate({name: value for name, value in step.data.items() if name != "history"})
    except ValidationError as fault:
        raise _unreadable(step.type, fault) from None


def parse(wire_type: str, data: bytes | str) -> f.Fact:
    """The fact in `data` (UTF-8 JSON), in its current version; raises `Refused` for an unknown type or wrong data."""
    kind = FACTS.get(wire_type)
    if kind is None:
        return upcast(_read_retired(wire_type, data))
    return _read(kind, data)


def upcast(fact: f.Fact) -> f.Fact:
    """The fact converted to its current version."""
    while old := RETIRED.get(fact.wire_type()):
        fact = old.upcast(fact)
    return fact


def current_data(wire_type: str, data: str) -> dict[str, JsonValue]:
    """The fields of a stored fact in its current version."""
    if wire_type in RETIRED:
        data = parse(wire_type, data).model_dump_json(exclude_defaults=True)
    payload: dict[str, JsonValue] = json.loads(data)
    return payload


def _read_retired(wire_type: str, data: bytes | str) -> f.Fact:
    old = RETIRED.get(wire_type)
    if old is None:
        raise Refused(Code.INVALID, f"unknown fact type {wire_type!r}")
    return _read(old.kind, data)


def _read(kind: type[f.Fact], data: bytes | str) -> f.Fact:
    try:
        return kind.model_validate_json(data)
    except ValidationError as fault:
        raise _unreadable(kind.wire_type(), fault) from None


_RULES_ZH: Final[Mapping[str, str]] = {
    "missing": "必填",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
}
"""What is wrong with a fact, in Chinese; recorded steps of other systems are refused with it."""


def _unreadable(what: str, fault: ValidationError) -> Refused:
    first = fault.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "body"
    rule = _RULES_ZH.get(first["type"], "格式不正确").format_map(first.get("ctx", {}))
    return Refused(Code.INVALID, f"{what}: {where}: {first['msg']}", f"{what}：{where}：{rule}")
