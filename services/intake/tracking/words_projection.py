"""Keeps what every fact says to the citizen, in the transaction that made it true; who said it is left out."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand

SAID: Final[Mapping[type[f.Fact], frozenset[str]]] = {
    f.DemandDeclined: frozenset({"reason", "legal_basis", "instead"}),
    f.DemandMerged: frozenset({"parent_number"}),
    f.DemandReturned: frozenset({"reason", "suggested_unit"}),
    f.DemandContacted: frozenset({"note"}),
    f.DemandProgressed: frozenset({"note"}),
    f.DemandExtended: frozenset({"due_at", "reason"}),
    f.DemandListed: frozenset({"level", "project", "reason"}),
    f.DemandResolved: frozenset({"result", "summary"}),
    f.DemandWithdrawn: frozenset({"reason"}),
    f.DemandConfirmed: frozenset({"rating", "solved", "comment"}),
    f.DemandReopened: frozenset({"reason", "rating"}),
}
"""What the citizen is shown of each fact; names of staff, approvals and evidence stay with the unit."""


def remember(writes: WriteBatch, changes: Sequence[Change[Demand, f.Fact]]) -> None:
    """Add what was said; a fact that says nothing to the citizen adds nothing."""
    rows = [_row(change) for change in changes if type(change.fact) in SAID]
    if rows:
        writes.add(
            "INSERT INTO demand_told SELECT * FROM unnest($1::demand_told_row[]) ON CONFLICT (id) DO NOTHING", rows
        )


def _row(change: Change[Demand, f.Fact]) -> tuple[object, ...]:
    told, fact = change.envelope, change.fact
    said = fact.model_dump_json(include=set(SAID[type(fact)]), exclude_none=True)
    return told.id, change.after.id, change.after.version, fact.type, change.before.unit, said, told.time
