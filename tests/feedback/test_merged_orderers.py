"""Everybody who raised or supports a merged demand gets a message about the end of the other one, under their own
number."""

from uuid import UUID

import pytest

from services.routing.assembled import demand_repository
from services.routing.cases.following import follow_parent
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import replay
from shared.contracts.demand.state import Demand
from tests import story
from tests.chassis.conftest import Log, envelope
from tests.feedback.senders import Repo, feedback_after
from tests.packs import shipped

PARENT, CHILD = story.ID, UUID(int=0x01A20A65_0068_7A5B_BC0F_000000000002)
PARENT_NUMBER = "NH21-458268-0"
ORDERER, CHILD_ORDERER, CHILD_SUPPORTER = UUID(int=7), UUID(int=8), UUID(int=9)
MERGED = f.DemandMerged(parent=PARENT, parent_number=PARENT_NUMBER, by="Chen")
ENDS = {
    "resolved": f.DemandResolved(by="Chen", result="路灯已修复"),
    "declined": f.DemandDeclined(reason="不属本区"),
    "withdrawn": f.DemandWithdrawn(),
}


def raised_by(contact: UUID) -> f.DemandSubmitted:
    return story.SUBMISSION.model_copy(update={"contact": contact})


def facts_of_routing(child: Demand, end: f.Fact) -> list[f.StatusFact]:
    """The facts that routing records of a merged demand when its parent ended like this."""
    packs = shipped()
    payload = {"parent": str(PARENT), "type": end.type, "data": end.model_dump(mode="json"), "text": ""}
    answer = follow_parent(demand_repository(packs), packs).decide(child, payload, story.AT)
    return [fact for fact, _ in answer if isinstance(fact, f.StatusFact)]


async def messages_of(pool: Pool, template: str) -> list[tuple[str, str]]:
    """The recipients and numbers of the messages with this template."""
    sql = "SELECT body ->> 'contact', body ->> 'number' FROM intent WHERE body ->> 'template' = $1 ORDER BY position"
    async with pool.acquire() as db:
        return [tuple(row) for row in await db.fetch(sql, template)]


async def deliver_the_end(pool: Pool, repository: Repo, *child_past: f.StatusFact, end: str) -> str:
    """The parent ends like this, and the demand with this history follows it; returns that demand's number."""
    log, delivery = Log(), await feedback_after(pool, repository)
    child = replay(Demand(id=CHILD), [(fact, story.AT) for fact in child_past])
    following = facts_of_routing(child, ENDS[end])
    parent_past = [raised_by(ORDERER), *(story.ACCEPTED if end == "resolved" else story.ROUTED)[1:]]
    facts = log.records(*parent_past, key=PARENT) + log.records(*child_past, key=CHILD)
    support = f.DemandSupported(channel="web", channel_kind=f.ChannelKind.WEB, contact=CHILD_SUPPORTER)
    facts.append(log.record(envelope(support, None, CHILD)))
    facts += log.records(ENDS[end], first=len(parent_past) + 1, key=PARENT)
    facts += log.records(*following, first=len(child_past) + 1, key=CHILD)
    for _ in range(2):  # delivered again, they cause no second message
        await delivery.deliver(facts)
    async with pool.acquire() as db:
        number: str = await db.fetchval("SELECT state ->> 'number' FROM demand WHERE id = $1", CHILD)
    return number


@pytest.mark.parametrize("end", ["resolved", "declined"])
async def test_people_of_a_merged_demand_get_one_message_about_its_end_under_its_own_number(
    pool: Pool, repository: Repo, end: str
):
    past = (raised_by(CHILD_ORDERER), *story.ROUTED[1:], MERGED)
    number = await deliver_the_end(pool, repository, *past, end=end)
    assert number != PARENT_NUMBER
    assert sorted(await messages_of(pool, end)) == [(str(ORDERER), PARENT_NUMBER), (str(CHILD_ORDERER), number)]
    assert await messages_of(pool, f"supporter-{end}") == [(str(CHILD_SUPPORTER), number)]
    assert await messages_of(pool, "unmerged") == [], "of one that was refused they hear that alone"


async def test_people_of_a_demand_freed_by_a_withdrawal_are_told_that_theirs_goes_on(pool: Pool, repository: Repo):
    past = (raised_by(CHILD_ORDERER), *story.ROUTED[1:], MERGED)
    number = await deliver_the_end(pool, repository, *past, end="withdrawn")
    assert await messages_of(pool, "unmerged") == [(str(CHILD_ORDERER), number)]
    assert await messages_of(pool, "supporter-withdrawn") == [], "theirs was not withdrawn"
    assert await messages_of(pool, "withdrawn") == [(str(ORDERER), PARENT_NUMBER)]


UNMERGED = f.DemandUnmerged(by="Chen", reason="另一盏灯")
ANSWERED = f.DemandResolved(by="Chen", result="已修复")


@pytest.mark.parametrize(
    "later_facts",
    [(UNMERGED,), (ANSWERED, f.DemandReopened(reason="还是不亮"))],
    ids=["taken out of the merge", "reopened by its citizen"],
)
async def test_an_unmerged_demand_is_not_ended_by_its_former_parent(
    pool: Pool, repository: Repo, later_facts: tuple[f.StatusFact, ...]
):
    past = (raised_by(CHILD_ORDERER), *story.ROUTED[1:], MERGED, *later_facts)
    number = await deliver_the_end(pool, repository, *past, end="resolved")
    ends = [about for _, about in await messages_of(pool, "resolved")]
    assert ends.count(PARENT_NUMBER) == 1
    assert ends.count(number) == later_facts.count(ANSWERED), "no further end of its own"
    assert await messages_of(pool, "unmerged") == ([(str(CHILD_ORDERER), number)] if UNMERGED in later_facts else [])
