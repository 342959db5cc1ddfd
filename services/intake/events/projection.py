"""Projects facts onto events in the view that channels may read; an event has no place in the order yet."""

from collections.abc import Sequence
from typing import Final

from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.channel_view import INTERNAL, VISIBLE, channel_event
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, is_confidential
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.unit_names import unit_name

Row = tuple[object, ...]
_UNHEARD_CHANGES: Final = tuple(kind for kind in INTERNAL if kind.moves)
"""Channels do not get these facts, but they may change the state of the demand, such as its due time."""
_UNHEARD_NOTES: Final = tuple(kind for kind in INTERNAL if not kind.moves)
_PUT: Final = """
    INSERT INTO event_pending (demand_id, type, is_confidential, number, jurisdiction, division, category, event)
    SELECT * FROM unnest($1::event_pending_row[])
"""


def event_projection(packs: Jurisdictions) -> Projection[Demand, f.Fact, Row]:
    """The projection of events: one row for each fact that says something to a channel, with the names that units have
    now."""

    def row(change: Change[Demand, f.Fact]) -> Row:
        demand, pack = change.after, packs.get(change.after.jurisdiction)
        event = channel_event(demand, change.fact, change.envelope, lambda unit: unit_name(pack, unit))
        return (
            demand.id, change.fact.type, is_confidential(demand.kind), demand.number, demand.jurisdiction,
            demand.division, demand.category, event.model_dump_json() if event else None,
        )  # fmt: skip

    return Projection(on=dict.fromkeys((*VISIBLE, *_UNHEARD_CHANGES), row), ignores=_UNHEARD_NOTES, write=_write)


def _write(writes: WriteBatch, rows: Sequence[Row]) -> None:
    writes.add(_PUT, rows)
