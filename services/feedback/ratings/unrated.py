"""The timer kind "unrated": closes a demand that was answered and that nobody rates in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from services.feedback.ratings.domain import Answer, close_at, ending
from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.base.clock import uuid5
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.work.timers import Later, OnDue, Timer, forget, plan
from shared.contracts.demand.facts import CallBackFailed, Fact, Outcome
from shared.contracts.demand.state import Demand
from shared.jurisdiction.jurisdictions import Jurisdictions

UNRATED: Final = "unrated"


def put_unrated(writes: WriteBatch, changes: Sequence[Change[Demand, Fact]], packs: Jurisdictions) -> None:
    """Plan the timers that close these demands, and delete the timers of demands that no longer wait. The payload
    counts the failed call-backs about the present answer."""
    calls = {change.envelope.key: _calls(change) for change in changes}
    last = {change.envelope.key: change.after for change in changes}
    due = {key: at for key, demand in last.items() if (at := _due(demand, packs))}
    forget(writes, UNRATED, [key for key, demand in last.items() if key not in due and not demand.imported])
    plan(writes, [Timer(UNRATED, key, at, calls[key]) for key, at in due.items()])


def unrated(repository: Repository[Demand, Fact], packs: Jurisdictions) -> OnDue[Demand, Fact]:
    """The handler of the timer: closes a demand when the time to rate it is over, by the present days of the pack.

    Imported history is closed at the time when it would have been closed here.
    """

    def decide(demand: Demand, payload: Mapping[str, Any], now: datetime) -> Answer | Later:
        end, due = ending(demand), _due(demand, packs)
        if end is not None and end.outcome is Outcome.UNRATED:
            end = end.model_copy(update={"calls": payload.get("calls", 0)})
        if end is None or due is None:
            return ()
        return ((end, due if demand.imported else now),) if due <= now else Later(due)

    # Earlier versions of the software closed demands with the same ids.
    return OnDue(repository, decide, lambda demand, _: uuid5(demand.id, f"close:{demand.version}"))


def _calls(change: Change[Demand, Fact]) -> dict[str, int]:
    """The payload of the timer: how many call-backs about the present answer have failed. It begins anew with each
    answer."""
    fact = change.fact
    if isinstance(fact, CallBackFailed) and fact.judged == change.after.version:
        return {"calls": fact.attempt}
    return {}


def _due(demand: Demand, packs: Jurisdictions) -> datetime | None:
    pack = packs.of_division(demand.division)
    return close_at(demand, pack) if pack else None
