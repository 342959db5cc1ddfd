"""Projects submissions onto the list of demands that are to be compared with others."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from services.routing.hot_spots import queries
from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.unit_of_work import Change
from shared.contracts.demand import facts as f
from shared.contracts.demand.groups import AFTER_SUBMISSION, ALL_NOTES
from shared.contracts.demand.state import Demand, is_confidential


def _due(change: Change[Demand, f.DemandSubmitted]) -> UUID | None:
    """The demand of a submission. Imported history is not compared because it is over, reports (举报) because they are
    confidential."""
    return None if change.fact.imported or is_confidential(change.fact.kind) else change.envelope.key


_IGNORES: Final[Sequence[type[f.Fact]]] = (*AFTER_SUBMISSION, *ALL_NOTES)
TO_COMPARE: Final[Projection[Demand, f.Fact, UUID]] = Projection(
    on={f.DemandSubmitted: _due}, ignores=_IGNORES, write=queries.note_due
)
