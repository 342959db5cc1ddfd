"""Keeps what every fact says to the citizen, in the transaction that made it true; who said it is left out."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AMONG_OFFICES, PUBLICATION_NOTES, STAFF_NOTES
from shared.contracts.demand.state import Demand

SAID: Final[Mapping[type[f.Fact], frozenset[str]]] = {
    f.DemandRouted: frozenset({"unit", "due_at"}),
    f.DemandDeclined: frozenset({"reason", "legal_basis", "instead"}),
    f.DemandMerged: frozenset({"parent_number"}),
    f.DemandUnmerged: frozenset(),
    f.DemandReturned: frozenset({"reason", "suggested_unit"}),
    f.DemandContacted: frozenset({"note", "reached"}),
    f.DemandProgressed: frozenset({"note"}),
    f.DemandExtended: frozenset({"due_at", "reason"}),
    f.DemandListed: frozenset({"level", "project", "reason"}),
    f.DemandPaused: frozenset({"reason", "note", "until"}),
    f.DemandResumed: frozenset({"due_at"}),
    f.DemandResolved: frozenset({"result", "summary", "attachments"}),
    f.DemandWithdrawn: frozenset({"reason"}),
    f.DemandConfirmed: frozenset({"rating", "solved", "comment"}),
    f.DemandReopened: frozenset({"reason", "rating"}),
}
"""What the citizen is shown of each fact; names of staff, approvals and evidence stay with the unit, but for
the files that it names as part of its answer."""


def _row(change: Change[Demand, f.Fact]) -> tuple[object, ...]:
    envelope, fact = change.envelope, change.fact
    words = fact.model_dump_json(include=set(SAID[type(fact)]), exclude_none=True)
    return envelope.id, change.after.id, change.after.version, fact.type, change.before.unit, words, envelope.time


def _write(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    writes.add("INSERT INTO demand_told SELECT * FROM unnest($1::demand_told_row[]) ON CONFLICT (id) DO NOTHING", rows)


CITIZEN_WORDS: Final = Projection(
    on=dict.fromkeys(SAID, _row),
    ignores=(
        f.DemandSubmitted, f.DemandTriaged, f.DemandAccepted, f.DemandReclassified, f.DemandClosed,
        f.DemandSupplemented, f.DemandUrged, f.DemandSupported, f.WithdrawalRequested, f.VerdictGiven,
        f.LinkRequested, f.HistoryContinued, f.DeadlineWarned, f.DeadlineMissed, f.DemandEscalated, f.NotificationSent,
        f.NotificationFailed, f.PersonalDataViewed, *AMONG_OFFICES, *STAFF_NOTES,
        *PUBLICATION_NOTES,
    ),
    write=_write,
)  # fmt: skip
"""One row for each fact that says something to the citizen."""
