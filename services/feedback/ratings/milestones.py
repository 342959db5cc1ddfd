"""Stores the texts of answers, and reads them for the page on which the citizen rates the answer."""

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
from shared.contracts.demand.groups import ALL_NOTES, ALL_STATUS_FACTS
from shared.contracts.demand.state import Demand

_WORDS: Final[Mapping[type[f.Fact], Sequence[str]]] = {
    f.DemandResolved: ("result", "summary"),
    f.DemandDeclined: ("reason", "instead", "legal_basis"),
}


@dataclass(frozen=True, slots=True)
class AnswerTexts:
    """The texts of one answer, by the names of the fields; `kind` is `resolved` or `declined`."""

    kind: str
    at: datetime
    words: Mapping[str, str]


def _row(change: Change[Demand, f.Fact]) -> tuple[object, ...] | None:
    """The row of an answer; None for imported history, because nobody is asked to rate it."""
    if change.after.imported:
        return None
    fact, envelope = change.fact, change.envelope
    fields = fact.model_dump(mode="json", include=set(_WORDS[type(fact)]), exclude_none=True)
    words = json.dumps({name: text for name, text in fields.items() if text}, ensure_ascii=False)
    kind = fact.type.removeprefix("demand.")
    return envelope.id, envelope.key, change.after.version, kind, envelope.time, words


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
    ignores=(*(kind for kind in ALL_STATUS_FACTS if kind not in _WORDS), *ALL_NOTES),
    write=_write,
)
"""One row for each answer. The steps before an answer are not stored here: intake shows them on the page of the
demand."""


async def of_demand(db: Connection, demand_id: UUID) -> list[AnswerTexts]:
    """The answers to a demand, the oldest first."""
    rows = await db.fetch("SELECT type, at, words FROM milestone WHERE demand_id = $1 ORDER BY version", demand_id)
    return [AnswerTexts(row["type"], row["at"], _read(row["words"])) for row in rows]


def _read(words: str) -> dict[str, Any]:
    return dict(json.loads(words))
