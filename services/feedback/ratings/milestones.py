"""The words of a demand's facts that its citizen may read: kept as they are heard, shown on the page of the demand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AMONG_OFFICES, STAFF_NOTES
from shared.contracts.demand.state import Demand

_WORDS: Final[Mapping[type[f.Fact], Sequence[str]]] = {
    f.DemandProgressed: ("note",),
    f.DemandExtended: ("reason", "due_at"),
    f.DemandListed: ("reason",),
    f.DemandPaused: ("note", "until"),
    f.DemandResumed: ("due_at",),
    f.DemandMerged: ("parent_number",),
    f.DemandResolved: ("result", "summary"),
    f.DemandDeclined: ("reason", "instead", "legal_basis"),
}


@dataclass(frozen=True, slots=True)
class Milestone:
    """One fact with its words by the name of their field; `kind` is such as `resolved`."""

    kind: str
    at: datetime
    words: Mapping[str, str]


def _row(change: Change[Demand, f.Fact]) -> tuple[object, ...] | None:
    """Recorded history is shown to nobody, so its words are not kept."""
    if change.after.imported:
        return None
    fact, envelope = change.fact, change.envelope
    words = fact.model_dump(mode="json", include=set(_WORDS[type(fact)]), exclude_none=True)
    known = {name: text for name, text in words.items() if text}
    kind = fact.type.removeprefix("demand.")
    return envelope.id, envelope.key, change.after.version, kind, envelope.time, json.dumps(known, ensure_ascii=False)


def _write(writes: WriteBatch, rows: Sequence[tuple[object, ...]]) -> None:
    writes.add(
        """
        INSERT INTO milestone (fact_id, demand_id, version, type, at, words)
        SELECT * FROM unnest($1::milestone_row[]) ON CONFLICT DO NOTHING
        """,
        rows,
    )


MILESTONES: Final[Projection[Demand, f.Fact, tuple[object, ...]]] = Projection(
    on=dict.fromkeys(_WORDS, _row),
    ignores=(
        f.DemandSubmitted, f.DemandTriaged, f.DemandRouted, f.DemandAccepted, f.DemandReturned, f.DemandContacted,
        f.DemandReclassified, f.DemandWithdrawn, f.DemandConfirmed, f.DemandReopened, f.DemandClosed,
        f.DemandSupplemented, f.DemandUrged, f.DemandSupported, f.WithdrawalRequested, f.VerdictGiven,
        f.HistoryContinued, f.DeadlineWarned, f.DeadlineMissed, f.DemandEscalated, f.NotificationSent,
        f.NotificationFailed, f.PersonalDataViewed, f.DemandUnmerged, *AMONG_OFFICES, *STAFF_NOTES,
    ),
    write=_write,
)  # fmt: skip
"""The words of these facts."""


async def of_demand(db: Connection, demand_id: UUID) -> list[Milestone]:
    """In order, oldest first."""
    rows = await db.fetch("SELECT type, at, words FROM milestone WHERE demand_id = $1 ORDER BY version", demand_id)
    return [Milestone(row["type"], row["at"], _read(row["words"])) for row in rows]


def _read(words: str) -> dict[str, Any]:
    return dict(json.loads(words))
