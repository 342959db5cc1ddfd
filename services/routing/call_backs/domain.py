"""Decides when a citizen is called about an answer, who holds the call, and when the next try is; pure."""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.demand.state import Demand
from shared.identity.person import Person
from shared.identity.relations import can_be_called_about
from shared.jurisdiction.pack import Pack

LEASE: Final = timedelta(minutes=20)
"""So long a call-back belongs to the person who took it; our choice: longer than a call, shorter than a break."""


class Judged(BaseModel):
    """The verdict on an answer: when it was given, how, and who entered it."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    asked: str = Field(description="how it came: `link`, the kind of a channel, or `call`")
    entered_by: str | None = Field(None, description="the member of staff; null: the citizen")


class CallBackState(BaseModel):
    """The state of the call-back about the answer of a case."""

    model_config = ConfigDict(frozen=True)

    call_at: datetime | None = Field(None, description="from when the citizen is to be called; null: nobody calls")
    due_at: datetime | None = Field(None, description="until when they should have been called")
    attempts: int = Field(0, description="calls in vain about this answer")
    not_reached: str | None = Field(None, description="why the last call was in vain: a code of the pack")
    tried_at: datetime | None = None
    caller: str | None = Field(None, description="who calls now, or called last")
    caller_unit: str | None = None
    caller_subject: str | None = None
    since: datetime | None = Field(None, description="when that person took it")
    held_until: datetime | None = Field(None, description="until when nobody else calls")
    judged: Judged | None = None

    def held_by_other(self, by: Person, at: datetime) -> bool:
        """Whether another person holds this call now."""
        return self.is_held(at) and not self.is_of(by)

    def is_held(self, at: datetime) -> bool:
        """Whether a person holds this call now."""
        return self.held_until is not None and at < self.held_until

    def is_of(self, by: Person) -> bool:
        """Whether this person took the call."""
        return (self.caller, self.caller_unit, self.caller_subject) == (by.name, by.unit, by.subject)


def due_at(opens_at: datetime, pack: Pack) -> datetime:
    """The due time of a call that may be made from `opens_at` on."""
    return pack.end_of(pack.callback.within, opens_at)


def next_morning(after: datetime, pack: Pack) -> datetime:
    """The beginning of the calling hours on the working day after `after` (UTC)."""
    day = pack.local_day(pack.due_at(after, 1))
    return datetime.combine(day, pack.callback.begins, ZoneInfo(pack.timezone)).astimezone(UTC)


def first_call(demand: Demand, pack: Pack) -> tuple[datetime, datetime] | None:
    """From when and until when the citizen may be called about the present answer; None if nobody calls.

    Nobody calls if there is no contact, about a report (举报), or about imported history.
    """
    if demand.resolved_at is None or not can_be_called_about(demand) or not pack.callback.covers(demand.id):
        return None
    opens_at = pack.callback.opens_at(demand.resolved_at)
    return opens_at, due_at(opens_at, pack)


def next_call(demand: Demand, attempt: int, wished: datetime | None, at: datetime, pack: Pack) -> datetime | None:
    """When the citizen is called again after `attempt` failed calls: at `wished`, else on the next working day. None if
    that was the last try, or if the demand is closed before."""
    if attempt >= pack.callback.tries or demand.resolved_at is None:
        return None
    next_at = wished or next_morning(at, pack)
    return next_at if next_at < pack.rated_until(demand.resolved_at) else None
