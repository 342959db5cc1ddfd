"""The timer kind "deadline": records the steps of a demand's deadlines that are due, and plans the next step."""

from collections.abc import Sequence
from datetime import datetime

from services.routing.cases.limits import resumed
from services.routing.deadlines.domain import due_facts, next_at, pending_at_update
from services.routing.deadlines.payloads import Payload, parts_of, payload_of
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import uuid5
from shared.chassis.work.timers import Later, OnDue, cause_of
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

Answer = Sequence[tuple[f.Fact, datetime]]


def deadline_timer(repository: Repository[Demand, f.Fact], packs: Jurisdictions) -> OnDue[Demand, f.Fact]:
    """The handler of the timer kind "deadline", by the packs as they are now."""

    def decide(demand: Demand, payload: Payload, now: datetime) -> Answer | Later:
        pack = packs.of_division(demand.division)
        return on_due(demand, payload, pack, now) if pack else ()

    # A due time may come back after a correction: the version tells the timer then from the one before.
    return OnDue(repository, decide, lambda demand, timer: uuid5(cause_of(timer), str(demand.version)))


def on_due(demand: Demand, payload: Payload, pack: Pack, now: datetime) -> Answer | Later:
    """The facts of the steps that are due, and the moment of the next step; without a next step the timer ends.

    A payload without `open` belongs to a demand that was open before timers were stored.
    """
    if "open" not in payload:
        parts = pending_at_update(demand, now, pack)
        at = next_at(parts)
        return Later(at, payload_of(parts)) if at else ()
    parts = parts_of(payload)
    if any(part.deadline.stage is None for part in parts):
        return _resumed(demand, pack, now)
    until = min(now, datetime.fromisoformat(payload["until"])) if "until" in payload else now
    facts, still_pending = due_facts(parts, until, pack)
    at = next_at(still_pending)
    dated = tuple((fact, now) for fact in facts)
    if at is None or "until" in payload:
        return dated
    return Later(at, payload_of(still_pending), dated)


def _resumed(demand: Demand, pack: Pack, now: datetime) -> Answer | Later:
    """The fact that ends a pause: the clock runs again from the end of the pause, but not from before the last fact of
    the demand."""
    until = demand.paused_until
    if demand.paused_at is None or until is None:
        return ()
    if until > now:
        return Later(until)
    at = max(until, demand.updated_at or until)
    return ((resumed(demand, pack, at), at),)
