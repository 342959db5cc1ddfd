"""Projects facts onto the table of what the citizen is told (`demand_told`), without the names of staff."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.channel_view import VISIBLE
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AMONG_OFFICES, PUBLICATION_NOTES, STAFF_NOTES
from shared.contracts.demand.state import Demand

SAID: Final[Mapping[type[f.Fact], frozenset[str]]] = {
    kind: VISIBLE[kind]
    for kind in (
        f.DemandRouted, f.DemandDeclined, f.DemandMerged, f.DemandUnmerged, f.DemandReturned, f.DemandContacted,
        f.DemandProgressed, f.DemandExtended, f.DemandListed, f.DemandPaused, f.DemandResumed, f.DemandResolved,
        f.DemandWithdrawn, f.DemandConfirmed, f.DemandReopened,
    )
}  # fmt: skip
"""The fields of each fact that the citizen is shown. Names of staff, approvals and evidence are not shown, but the
files that the unit names as part of its answer are."""


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
"""One row for each fact that the citizen is told of."""
