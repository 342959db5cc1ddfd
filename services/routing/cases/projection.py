"""Projects facts onto the tables from which units read a case: its texts, its timeline and its marks."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.routing.cases import queries
from services.routing.cases.following import PARENT_ENDS
from services.routing.cases.timeline import is_entry
from shared.chassis.aggregates.projections import Projection, compose
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import (
    ALL_NOTES,
    ALL_STATUS_FACTS,
    AMONG_OFFICES,
    PUBLICATION_NOTES,
    STAFF_NOTES,
)
from shared.contracts.demand.state import Demand
from shared.contracts.envelope import Envelope

_HEARD: Final[Sequence[type[f.Fact]]] = (
    f.DemandTriaged, f.DemandRouted, f.DemandDeclined, f.DemandMerged, f.DemandAccepted, f.DemandReturned,
    f.DemandContacted, f.DemandProgressed, f.DemandExtended, f.DemandReclassified, f.DemandListed, f.DemandResolved,
    f.DemandWithdrawn, f.DemandConfirmed, f.DemandReopened, f.DemandClosed,
    f.DemandSupplemented, f.DemandUrged, f.DemandSupported, f.WithdrawalRequested, f.VerdictGiven, f.LinkRequested,
    f.HistoryContinued,
    f.DeadlineWarned, f.DeadlineMissed, f.DemandEscalated, f.NotificationFailed, f.PersonalDataViewed,
    f.DemandUnmerged, f.DemandPaused, f.DemandResumed, *AMONG_OFFICES, *STAFF_NOTES, *PUBLICATION_NOTES,
)  # fmt: skip


def _submission(change: Change[Demand, f.DemandSubmitted]) -> tuple[UUID, f.DemandSubmitted]:
    return change.envelope.key, change.fact


def _put_submissions(writes: WriteBatch, rows: Sequence[tuple[UUID, f.DemandSubmitted]]) -> None:
    queries.put_submissions(writes, dict(rows))


def _entry(change: Change[Demand, f.Fact]) -> Envelope | None:
    """The envelope of a fact of another service. Routing's own facts are in its journal already."""
    return change.envelope if not change.is_own and is_entry(change.fact) else None


SUBMISSIONS: Final[Projection[Demand, f.Fact, tuple[UUID, f.DemandSubmitted]]] = Projection(
    on={f.DemandSubmitted: _submission}, ignores=(*_HEARD, f.NotificationSent), write=_put_submissions
)
"""One row for each demand: its text, its place and its files."""
TIMELINE: Final = Projection(
    on=dict.fromkeys(_HEARD, _entry), ignores=(f.DemandSubmitted, f.NotificationSent), write=queries.put_received_facts
)
"""One row for each fact of another service. `demand.submitted` is left out because the case shows it elsewhere, and
`notification.sent` because each message repeats another fact."""


def _attention(change: Change[Demand, f.Fact]) -> queries.Attention:
    fact = change.fact
    if isinstance(fact, f.DemandEscalated):
        return queries.Attention(change.envelope.key, escalated_to=fact.to)
    supported = isinstance(fact, f.DemandSupported)
    said_at = None if supported else change.envelope.time
    return queries.Attention(change.envelope.key, int(isinstance(fact, f.DemandUrged)), int(supported), said_at)


_MARKING_NOTES: Final[Sequence[type[f.Fact]]] = (
    f.DemandSupplemented, f.DemandUrged, f.DemandSupported, f.WithdrawalRequested, f.VerdictGiven, f.DemandEscalated,
)  # fmt: skip
ATTENTION: Final[Projection[Demand, f.Fact, queries.Attention]] = Projection(
    on=dict.fromkeys(_MARKING_NOTES, _attention),
    ignores=(*ALL_STATUS_FACTS, *(kind for kind in ALL_NOTES if kind not in _MARKING_NOTES)),
    write=queries.put_attention,
)
"""The marks of a demand in lists: how often it was urged and supported, when its citizen last said something, and which
unit a missed due time was escalated to."""
CASES: Final = compose(SUBMISSIONS, TIMELINE, ATTENTION, PARENT_ENDS)
