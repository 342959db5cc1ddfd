"""Defines which service may write which fact, for checks before writing and after reading."""

from collections.abc import Mapping
from typing import Final

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import TRANSITIONS
from shared.contracts.demand.state import Service
from shared.contracts.envelope import Envelope
from shared.contracts.event_types import FACTS, RETIRED
from shared.contracts.refusals import Code, Refused

_INTAKE = frozenset({Service.INTAKE})
_ROUTING = frozenset({Service.ROUTING})
_FEEDBACK = frozenset({Service.FEEDBACK})

# fmt: off
NOTES_WRITTEN_BY: Final[Mapping[type[f.Fact], frozenset[Service]]] = {
    f.DemandSupplemented:  _INTAKE,
    f.DemandUrged:         _INTAKE,
    f.DemandSupported:     _INTAKE,
    f.WithdrawalRequested: _INTAKE,
    f.VerdictGiven:        _INTAKE | _ROUTING,
    f.CallBackFailed:      _ROUTING,
    f.LinkRequested:       _INTAKE,
    f.HistoryContinued:    _INTAKE,
    f.PersonalDataViewed:  _INTAKE,
    f.DeadlineWarned:      _ROUTING,
    f.DeadlineMissed:      _ROUTING,
    f.DemandEscalated:     _ROUTING | _FEEDBACK,
    f.DemandNoted:         _ROUTING,
    f.EvidenceAttached:    _ROUTING,
    f.DemandClustered:     _ROUTING,
    f.DemandPublished:     _ROUTING,
    f.DemandUnpublished:   _ROUTING,
    f.PublicationRefused:  _INTAKE,
    f.PublicationAllowed:  _INTAKE,
    f.NotificationSent:    _FEEDBACK,
    f.NotificationFailed:  _FEEDBACK,
}
# fmt: on
"""A note does not change the status, so more than one service may write it."""

WRITTEN_BY: Final[Mapping[type[f.Fact], frozenset[Service]]] = {
    **{kind: frozenset({row.written_by}) for kind, row in TRANSITIONS.items()},
    **NOTES_WRITTEN_BY,
}
"""The services that may write each fact; a status fact has exactly one, from the table of the lifecycle."""

_SOURCES: Final[Mapping[str, frozenset[str]]] = {
    version.wire_type(): frozenset(f"/services/{service}" for service in WRITTEN_BY[kind])
    for kind in FACTS.values()
    for version in (kind, *(old.kind for old in RETIRED.values() if old.kind.type == kind.type))
}


def authorize(service: Service, fact: f.Fact) -> None:
    """Raise `Refused` if this service may not write the fact."""
    if service not in WRITTEN_BY[type(fact)]:
        raise Refused(Code.WRONG_TELLER, f"{service} may not write {fact.type}")


def check_writer(envelope: Envelope) -> None:
    """Raise `Refused` if the source of a fact of a known type is a service that may not write it."""
    writers = _SOURCES[envelope.type]
    if envelope.source not in writers:
        names = " or ".join(sorted(writers))
        raise Refused(Code.WRONG_TELLER, f"{envelope.type} is written by {names}, not by {envelope.source}")
