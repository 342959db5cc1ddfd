"""Projects facts onto deliveries to webhooks: events with the masked view that channels may read."""

from collections.abc import Sequence
from typing import Any, Final

from services.feedback.webhooks.interest import Interest
from shared.chassis.aggregates.projections import Projection
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.channel_view import INTERNAL, VISIBLE, channel_event
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, is_confidential
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.jurisdiction.unit_names import unit_name

Row = tuple[Any, ...]
TYPES: Final = frozenset(kind.type for kind in VISIBLE)
"""The types that a webhook may ask for, without versions, so that later versions of a fact are sent too."""


def webhook_projection(packs: Jurisdictions, interest: Interest) -> Projection[Demand, f.Fact, Row]:
    """The projection that queues events; imported history gives none."""

    def row(change: Change[Demand, f.Fact]) -> Row | None:
        demand, fact, envelope = change.after, change.fact, change.envelope
        if demand.imported or not interest.wants(fact.type):
            return None
        pack = packs.of_division(demand.division)
        event = channel_event(demand, fact, envelope, lambda unit: unit_name(pack, unit))
        if event is None:
            return None
        return (
            envelope.id,
            demand.id,
            demand.number,
            fact.type,
            envelope.time,
            demand.channel,
            demand.jurisdiction,
            is_confidential(demand.kind),
            list(pack.ancestors(demand.division)) if pack else [demand.division],
            _categories(pack, demand.category),
            event.model_dump_json(),
            envelope.traceparent,
        )

    return Projection(on=dict.fromkeys(VISIBLE, row), ignores=INTERNAL, write=put_deliveries)


def _categories(pack: Pack | None, category: str | None) -> list[str]:
    if category is None:
        return []
    return list(pack.category_ancestors(category)) if pack else [category]


def put_deliveries(writes: WriteBatch, rows: Sequence[Row]) -> None:
    """Queue each event for every webhook that takes it: a channel's webhook takes the channel's own demands, a
    jurisdiction's webhook all its demands but reports (举报). For a disabled webhook events are queued too; it gets
    them when it is enabled again."""
    writes.add(
        """
        INSERT INTO webhook_delivery (webhook, event, demand, number, type, at, body, traceparent)
        SELECT webhook.id, told.event, told.demand, told.number, told.type, told.at, told.body, told.traceparent
        FROM unnest($1::webhook_traced_row[]) WITH ORDINALITY AS told (event, demand, number, type, at, channel,
            jurisdiction, confidential, divisions, categories, body, traceparent, place)
        JOIN webhook ON (
            webhook.channel = told.channel OR (webhook.jurisdiction = told.jurisdiction AND NOT told.confidential)
        )
        WHERE (types IS NULL OR told.type = ANY(types)) AND (channels IS NULL OR told.channel = ANY(channels))
            AND (webhook.divisions IS NULL OR webhook.divisions && told.divisions)
            AND (webhook.categories IS NULL OR webhook.categories && told.categories)
        ORDER BY place
        ON CONFLICT DO NOTHING
        """,
        rows,
    )
