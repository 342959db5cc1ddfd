"""A webhook sender that is killed repeatedly loses nothing, keeps the order, and repeats with the same ids."""

from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from shared.chassis.aggregates.repository import Repositories
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from tests import story
from tests.chassis.conftest import Log
from tests.children import forked
from tests.eventually import eventually
from tests.feedback.endpoints import Endpoint, endpoint, subscribed
from tests.feedback.senders import Repo

DEMANDS, KILLS = 40, 3
LEFT = "SELECT count(*) FROM webhook_delivery WHERE state = 'pending'"


def child(database: str) -> AbstractAsyncContextManager[None]:
    """A sender that is killed at the end."""
    return forked("tests.feedback.killed_webhook_sender", database)


def first_times(hook: Endpoint) -> dict[str, list[str]]:
    """The types of events by demand, each at its first arrival."""
    seen, types = set[str](), dict[str, list[str]]()
    for event in hook.taken:
        if event["id"] not in seen:
            seen.add(event["id"])
            types.setdefault(event["data"]["demand"]["id"], []).append(event["data"]["demand"]["status"])
    return types


@pytest.mark.faults
async def test_all_events_arrive_in_order_with_the_same_ids_although_the_sender_is_killed(
    database: str, pool: Pool, repository: Repo
):
    async with endpoint() as hook:
        await subscribed(pool, hook)
        delivery, log = Delivery(pool, Repositories.of(repository), "cluster", clock=lambda: story.AT), Log()
        for n in range(1, DEMANDS + 1):
            await delivery.deliver(log.records(*story.RESOLVED, key=UUID(int=n)))
        for kill in range(1, KILLS + 1):
            hook.stops_after = kill * DEMANDS
            async with child(database):

                async def taken() -> int:
                    return len(hook.taken)

                await eventually(taken, lambda found: found >= hook.stops_after)
        hook.stops_after = 0
        async with child(database):
            await eventually(
                lambda: pool.fetchval("SELECT count(*) FROM webhook_delivery WHERE state = 'pending'"),
                lambda count: not count,
            )
    assert set(map(tuple, first_times(hook).values())) == {("submitted", "routed", "accepted", "resolved")}
    assert len(first_times(hook)) == DEMANDS
    assert len(set(hook.asked)) == 4 * DEMANDS
    assert len(hook.taken) > 4 * DEMANDS, "what was in hand when it was killed came again"
