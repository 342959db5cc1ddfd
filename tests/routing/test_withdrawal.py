"""A citizen withdraws a demand: routing records it, feedback closes it, and after an answer nothing changes."""

import pytest

from services.feedback.ratings.domain import Reaction
from services.routing.cases.policies import reaction
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve
from tests import story
from tests.packs import shipped

REQUEST = f.WithdrawalRequested(reason="已经有人装好了")
TRIAGED = (*story.SUBMITTED, f.DemandTriaged(reason="x"))
IN_PROGRESS = (*story.ACCEPTED, f.DemandProgressed(by="陈", note="施工中"))
LISTED = (*story.ACCEPTED, f.DemandListed(level="town", reason="待立项"))
MERGED = (*story.ROUTED, f.DemandMerged(parent=story.ID, parent_number="NH21-000002-U"))
DECLINED = (*story.SUBMITTED, f.DemandDeclined(reason="x"))
WITHDRAWN = (*story.ROUTED, f.DemandWithdrawn())


@pytest.mark.parametrize(
    "facts", [story.SUBMITTED, TRIAGED, story.ROUTED, story.ACCEPTED, IN_PROGRESS, LISTED, MERGED, story.RETURNED]
)
def test_a_demand_with_routing_is_withdrawn_and_then_closed(facts: tuple[f.StatusFact, ...]):
    demand = story.demand(*facts)
    ((withdrawn, at),) = reaction(shipped())(demand, REQUEST, story.AT, story.AT)
    assert withdrawn == f.DemandWithdrawn(reason=REQUEST.reason)
    assert isinstance(withdrawn, f.StatusFact)
    after = evolve(demand, withdrawn, at)
    assert reaction(shipped())(after, withdrawn, at, at) == ()
    ((closed, _),) = Reaction(shipped())(after, withdrawn, at, at)
    assert closed == f.DemandClosed(outcome=f.Outcome.WITHDRAWN)


@pytest.mark.parametrize("facts", [story.RESOLVED, story.CONFIRMED, DECLINED, WITHDRAWN, story.CLOSED])
def test_a_request_that_comes_after_the_answer_changes_nothing(facts: tuple[f.StatusFact, ...]):
    assert reaction(shipped())(story.demand(*facts), REQUEST, story.AT, story.AT) == ()
