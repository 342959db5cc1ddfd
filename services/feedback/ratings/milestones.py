"""The words of a demand's facts that its citizen may read: kept as they are heard, shown on the page of the demand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand

_WORDS: Final[Mapping[type[f.Fact], Sequence[str]]] = {
    f.DemandProgressed: ("note",),
    f.DemandExtended: ("reason", "due_at"),
    f.DemandListed: ("reason",),
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


def put_milestones(writes: WriteBatch, changes: Iterable[Change[Demand, f.Fact]]) -> None:
    """Keep the words of these facts; recorded history is shown to nobody, so its words are not kept."""
    rows = [_row(change) for change in changes if type(change.fact) in _WORDS and not change.after.imported]
    if rows:
        writes.add(
            """
            INSERT INTO milestone (fact_id, demand_id, version, type, at, words)
            SELECT * FROM unnest($1::milestone_row[]) ON CONFLICT DO NOTHING
            """,
            rows,
        )


def _row(change: Change[Demand, f.Fact]) -> tuple[object, ...]:
    fact, told = change.fact, change.envelope
    words = fact.model_dump(mode="json", include=set(_WORDS[type(fact)]), exclude_none=True)
    known = {name: text for name, text in words.items() if text}
    kind = fact.type.removeprefix("demand.")
    return told.id, told.key, change.after.version, kind, told.time, json.dumps(known, ensure_ascii=False)


async def of_demand(db: Connection, demand_id: UUID) -> list[Milestone]:
    """In order, oldest first."""
    rows = await db.fetch("SELECT type, at, words FROM milestone WHERE demand_id = $1 ORDER BY version", demand_id)
    return [Milestone(row["type"], row["at"], _read(row["words"])) for row in rows]


def _read(words: str) -> dict[str, Any]:
    return dict(json.loads(words))
