"""The timer kind "unrated": a demand that was answered, and that nobody rates in time, is closed."""

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
    """Plan when these demands are closed, and forget it of those that went on. The timer remembers how often staff
    called in vain about the answer that waits."""
    calls = {change.envelope.key: _calls(change) for change in changes}
    last = {change.envelope.key: change.after for change in changes}
    due = {key: at for key, demand in last.items() if (at := _due(demand, packs))}
    forget(writes, UNRATED, [key for key, demand in last.items() if key not in due and not demand.imported])
    plan(writes, [Timer(UNRATED, key, at, calls[key]) for key, at in due.items()])


def unrated(repository: Repository[Demand, Fact], packs: Jurisdictions) -> OnDue[Demand, Fact]:
    """What is told when the time to rate is over, by the days of the pack as they are now.

    Recorded history ends when it would have ended.
    """

    def decide(demand: Demand, payload: Mapping[str, Any], now: datetime) -> Answer | Later:
        end, due = ending(demand), _due(demand, packs)
        if end is not None and end.outcome is Outcome.UNRATED:
            end = end.model_copy(update={"calls": payload.get("calls", 0)})
        if end is None or due is None:
            return ()
        return ((end, due if demand.imported else now),) if due <= now else Later(due)

    # The versions before told the end under these ids too.
    return OnDue(repository, decide, lambda demand, _: uuid5(demand.id, f"close:{demand.version}"))


def _calls(change: Change[Demand, Fact]) -> dict[str, int]:
    """What the last fact says of calls: a new answer begins anew, and a call about an earlier one counts no more."""
    fact = change.fact
    is_of_this = isinstance(fact, CallBackFailed) and fact.judged == change.after.version
    return {"calls": fact.attempt} if isinstance(fact, CallBackFailed) and is_of_this else {}


def _due(demand: Demand, packs: Jurisdictions) -> datetime | None:
    pack = packs.of_division(demand.division)
    return close_at(demand, pack) if pack else None
