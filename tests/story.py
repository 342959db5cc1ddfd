"""Usual histories of a demand, by name."""

from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import replay
from shared.contracts.demand.state import Demand

AT = datetime(2021, 5, 10, 2, 0, tzinfo=UTC)
ID = UUID("01a20a65-0068-7a5b-bc0f-eb1c0ce2a65c")

SUBMISSION = f.DemandSubmitted(
    number="NH21-000001-W",
    jurisdiction="nanhai",
    channel="web",
    channel_kind=f.ChannelKind.WEB,
    kind=f.RequestKind.HELP,
    category="road-damage",
    division="440605011001",
    title="路面破损",
)
SUBMITTED = (SUBMISSION,)
ROUTED = (*SUBMITTED, f.DemandRouted(unit="roads", rule="r1", limit=f.WorkingDays(days=10)))
RETURNED = (*ROUTED, f.DemandReturned(by="Chen", reason="not ours"))
ACCEPTED = (*ROUTED, f.DemandAccepted(by="Chen"))
RESOLVED = (*ACCEPTED, f.DemandResolved(by="Chen", result="repaired"))
CONFIRMED = (*RESOLVED, f.DemandConfirmed(rating=5, solved=True))
CLOSED = (*CONFIRMED, f.DemandClosed(outcome=f.Outcome.CONFIRMED))


def demand(*facts: f.StatusFact, id: UUID = ID) -> Demand:
    """The demand after these facts, all recorded at the same time."""
    return replay(Demand(id=id), [(fact, AT) for fact in facts])
