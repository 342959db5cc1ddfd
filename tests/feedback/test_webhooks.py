"""Webhooks get events signed, in order for each demand, and repeated until they were accepted."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from aiohttp import web

from services.feedback.webhooks.commands import ChangeWebhook, Redeliver, RotateSecret
from services.feedback.webhooks.delivery_queries import next_deliveries
from services.feedback.webhooks.documents import state_of
from services.feedback.webhooks.domain import DisabledFor
from services.feedback.webhooks.interest import Interest
from services.feedback.webhooks.permissions import Owner, channel_owner
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.clock import now
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from shared.contracts.refusals import Code, Refused
from tests import story
from tests.chassis.conftest import Log
from tests.feedback.endpoints import (
    CHANNEL,
    LONG_AGO,
    delivering,
    delivery_states,
    endpoint,
    handler,
    row_of,
    subscribed,
)
from tests.feedback.senders import Repo, feedback_after

NAMES = ["demand.submitted", "demand.routed", "demand.accepted", "demand.resolved"]
NANHAI = Owner("马", jurisdiction="nanhai")
SECONDS, MINUTE, DAY = timedelta(seconds=6), timedelta(minutes=1), timedelta(days=1)


async def another(pool: Pool, repository: Repo, n: int, *facts: f.StatusFact) -> None:
    """Deliver another demand."""
    delivery = Delivery(pool, Repositories.of(repository), "cluster", clock=lambda: story.AT)
    await delivery.deliver(Log(end=n * 100).records(*facts, key=UUID(int=n)))


async def test_a_channel_gets_the_events_of_its_demand_signed_in_order_and_masked(pool: Pool, repository: Repo):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.RESOLVED)
        await webhook_sender.all_due()
    assert hook.types == NAMES
    first, *_, last = hook.taken
    assert first["id"] == str(uuid5(story.ID, "demand.submitted:1")), "the id of the fact, as elsewhere"
    assert last["data"]["fact"]["result"] == "repaired"
    assert "Chen" not in str(hook.taken), "no name of staff"
    assert last["subject"] == last["data"]["demand"]["number"]


async def test_facts_of_one_batch_are_sent_in_their_order(pool: Pool, repository: Repo):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        await subscribed(pool, hook)
        await another(pool, repository, 7, *story.RESOLVED)
        await webhook_sender.all_due()
    assert hook.types == NAMES


async def test_a_failed_delivery_is_retried_later_and_delays_only_later_ones_of_its_demand(
    pool: Pool, repository: Repo
):
    async with endpoint(204, 500) as hook, delivering(pool) as webhook_sender:
        await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.ROUTED, f.DemandAccepted(by="Chen"))
        await webhook_sender.all_due()
        assert hook.types == ["demand.submitted"]
        await another(pool, repository, 7, *story.SUBMITTED)
        await webhook_sender.all_due()
        assert hook.types == ["demand.submitted", "demand.submitted"]
        await webhook_sender.go_on(SECONDS)
        await webhook_sender.all_due()
    assert hook.types[2:] == ["demand.routed", "demand.accepted"]
    assert len(hook.asked) == 5
    assert len(set(hook.asked)) == 4, "again by the same id"


async def test_a_delivery_without_a_recorded_outcome_is_sent_again_with_the_same_id(pool: Pool, repository: Repo):
    async with endpoint() as hook:
        await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.SUBMITTED)
        async with delivering(pool) as dying:
            await pool.execute("ALTER TABLE webhook_attempt RENAME TO away")
            await dying.sender.send_wave()
            await dying.sender.settle(grace=30)
            await pool.execute("ALTER TABLE away RENAME TO webhook_attempt")
        assert len(hook.taken) == 1
        async with delivering(pool) as other:
            await other.all_due()
    assert len(hook.asked) == 2
    assert len(set(hook.asked)) == 1
    assert await delivery_states(pool) == [("demand.submitted", "delivered")]


async def test_filters_choose_by_owner_type_subtree_and_category(pool: Pool, repository: Repo):
    parent = "440605011000"
    wanted = {
        "of the channel": (CHANNEL, {}),
        "of its type": (CHANNEL, {"types": ("demand.submitted.v1", "demand.closed")}),
        "of the town above": (NANHAI, {"divisions": (parent,)}),
        "of the category": (NANHAI, {"categories": ("road-damage",)}),
        "of the jurisdiction and channel": (NANHAI, {"channels": ("web",)}),
    }
    unwanted = {
        "of another channel": (channel_owner("wechat"), {}),
        "of another type": (CHANNEL, {"types": ("demand.closed",)}),
        "of another town": (NANHAI, {"divisions": ("440605126000",)}),
        "of another category": (NANHAI, {"categories": ("school-transport",)}),
        "of another jurisdiction": (Owner("x", jurisdiction="elsewhere"), {}),
        "of other channels": (NANHAI, {"channels": ("wechat",)}),
    }
    async with endpoint() as hook:
        ids = {
            name: await subscribed(pool, hook, owner, **public_filter)
            for name, (owner, public_filter) in (wanted | unwanted).items()
        }
        await feedback_after(pool, repository, *story.SUBMITTED)
    rows = await pool.fetch("SELECT webhook FROM webhook_delivery")
    names = {id: name for name, id in ids.items()}
    assert {names[row["webhook"]] for row in rows} == set(wanted)


async def test_a_confidential_report_goes_only_to_its_channel_and_imported_history_to_nobody(
    pool: Pool, repository: Repo
):
    async with endpoint() as hook:
        own, _ = await subscribed(pool, hook), await subscribed(pool, hook, NANHAI)
        await feedback_after(pool, repository, story.SUBMISSION.model_copy(update={"kind": f.RequestKind.REPORT}))
        await another(pool, repository, 7, story.SUBMISSION.model_copy(update={"imported": True}))
    rows = await pool.fetch("SELECT webhook, demand FROM webhook_delivery")
    assert [(row["webhook"], row["demand"]) for row in rows] == [(own, story.ID)]


async def test_internal_facts_of_offices_are_not_sent(pool: Pool, repository: Repo):
    async with endpoint() as hook:
        await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.ACCEPTED, f.DemandAssigned(by="Chen", handler="Li"))
    assert [type for type, _ in await delivery_states(pool)] == NAMES[:3]


async def test_no_event_is_built_without_a_webhook_for_it(pool: Pool):
    interest = Interest()
    assert interest.wants("demand.closed"), "who has not asked yet words everything"
    await interest.refresh(pool)
    assert not interest.wants("demand.closed")
    async with endpoint() as hook:
        await subscribed(pool, hook, types=("demand.closed",))
        await interest.refresh(pool)
        assert (interest.wants("demand.closed"), interest.wants("demand.routed")) == (True, False)
        await subscribed(pool, hook)
        await interest.refresh(pool)
    assert interest.wants("demand.routed")


async def test_an_endpoint_that_fails_rests_and_gets_waiting_events_at_once_when_it_recovers(
    pool: Pool, repository: Repo
):
    async with endpoint(*[500] * 30) as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        for n in range(1, 8):
            await another(pool, repository, n, *story.SUBMITTED)
        await webhook_sender.all_due()
        assert len(hook.asked) == 1, "one that has not proven itself is given one"
        for _ in range(4):
            await webhook_sender.go_on(MINUTE)
            await webhook_sender.all_due()
        assert len(hook.asked) < 8, "and again one after each rest"
        assert state_of(await row_of(pool, id)) == "failing"
        hook.answers.clear()
        await webhook_sender.go_on(MINUTE)
        await webhook_sender.all_due()
    assert len(hook.taken) == 7
    assert state_of(await row_of(pool, id)) == "active"


async def test_a_webhook_that_fails_for_three_days_is_disabled_and_gets_everything_when_enabled(
    pool: Pool, repository: Repo
):
    async with endpoint(*[500] * 100) as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.ROUTED)
        for _ in range(5):
            await webhook_sender.all_due()
            await webhook_sender.go_on(DAY)
        row = await row_of(pool, id)
        assert row.disabled_for is DisabledFor.FAILING
        webhook = await handler(pool).show(id, CHANNEL)
        assert "三天" in webhook.notice_zh
        assert webhook.waiting == 2
        requests = len(hook.asked)
        await another(pool, repository, 7, *story.SUBMITTED)
        assert await webhook_sender.all_due() == 0
        hook.answers.clear()
        await handler(pool).change(id, ChangeWebhook(enabled=True), CHANNEL)
        await webhook_sender.go_on(DAY)
        await webhook_sender.all_due()
    assert len(hook.asked) == requests + 3
    assert sorted(hook.types) == ["demand.routed", "demand.submitted", "demand.submitted"]


async def test_one_delivery_that_always_fails_is_given_up_after_three_days_and_the_next_goes_on(
    pool: Pool, repository: Repo
):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        hook.refuses = str(uuid5(story.ID, "demand.submitted:1"))
        await feedback_after(pool, repository, *story.ROUTED)
        for n in range(1, 13):
            await another(pool, repository, n, *story.SUBMITTED)
            await webhook_sender.all_due()
            await webhook_sender.go_on(timedelta(seconds=2))
            await webhook_sender.all_due()
            await webhook_sender.go_on(DAY + timedelta(hours=3))
    assert (await row_of(pool, id)).disabled_at is None
    states = await pool.fetch("SELECT state FROM webhook_delivery WHERE demand = $1 ORDER BY position", story.ID)
    assert [row["state"] for row in states] == ["failed", "delivered"]


async def test_status_410_disables_a_webhook_at_once(pool: Pool, repository: Repo):
    async with endpoint(410) as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.ROUTED)
        await webhook_sender.all_due()
    assert (await row_of(pool, id)).disabled_for is DisabledFor.GONE
    assert len(hook.asked) == 1


async def test_a_webhook_that_is_disabled_during_the_query_of_due_deliveries_does_not_end_the_sender(
    pool: Pool, repository: Repo
):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.SUBMITTED)
        query = webhook_sender.sender._due

        async def disabled_meanwhile(*question: Any) -> Any:
            due = await query(*question)
            webhook_sender.sender._targets.pop(id)
            return due

        webhook_sender.sender._due = disabled_meanwhile  # type: ignore[method-assign]
        assert await webhook_sender.sender.send_wave() == 0
    assert not hook.asked


async def test_nothing_is_due_for_a_webhook_that_is_disabled(pool: Pool, repository: Repo):
    async with endpoint() as hook:
        id = await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.SUBMITTED)
        async with pool.acquire() as db:
            assert len(await next_deliveries(db, {id: 8}, [], now())) == 1
            await handler(pool).change(id, ChangeWebhook(enabled=False), CHANNEL)
            assert not await next_deliveries(db, {id: 8}, [], now())


async def test_a_requested_pause_is_kept_and_is_no_failure(pool: Pool, repository: Repo):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        await subscribed(pool, hook)
        hook.answers = [web.Response(status=429, headers={"Retry-After": "90"})]
        await feedback_after(pool, repository, *story.SUBMITTED)
        await webhook_sender.all_due()
        await webhook_sender.go_on(MINUTE)
        await another(pool, repository, 7, *story.SUBMITTED)
        assert await webhook_sender.all_due() == 0, "nor is another sent meanwhile"
        await webhook_sender.go_on(MINUTE)
        await webhook_sender.all_due()
    assert len(hook.taken) == 2
    assert await pool.fetchval("SELECT max(failures) FROM webhook_delivery") == 0


async def test_both_secrets_sign_while_one_is_being_changed(pool: Pool, repository: Repo):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        rotated = await handler(pool).rotate(id, RotateSecret(hours=24), CHANNEL)
        hook.keys.append(rotated.secret)
        await feedback_after(pool, repository, *story.SUBMITTED)
        await webhook_sender.all_due()
        assert len(hook.headers[0]["webhook-signature"].split()) == 2
        await handler(pool).rotate(id, RotateSecret(hours=0), CHANNEL)
        hook.keys.clear()
        await another(pool, repository, 7, *story.SUBMITTED)
        webhook_sender.ticks.seconds += 2
        await webhook_sender.all_due()
    assert len(hook.headers[1]["webhook-signature"].split()) == 1


async def test_accepted_events_are_delivered_again_by_id_or_by_time_in_their_first_order(pool: Pool, repository: Repo):
    async with endpoint() as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.RESOLVED)
        await webhook_sender.all_due()
        second = UUID(hook.asked[1])
        assert await handler(pool).redeliver(id, Redeliver(event=second), CHANNEL) == 1
        await webhook_sender.all_due()
        assert hook.asked[4:] == [str(second)]
        assert await handler(pool).redeliver(id, Redeliver(since=LONG_AGO), CHANNEL) == 4
        await webhook_sender.all_due()
    assert hook.types[5:] == NAMES
    assert await handler(pool).redeliver(id, Redeliver(since=story.AT + DAY), CHANNEL) == 0
    with pytest.raises(Refused):
        await handler(pool).redeliver(id, Redeliver(event=UUID(int=1)), CHANNEL)


async def test_a_test_event_is_delivered_and_logged_like_any_other(pool: Pool):
    async with endpoint(500) as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        event = await handler(pool).test(id, CHANNEL)
        await webhook_sender.all_due()
        await webhook_sender.go_on(SECONDS)
        await webhook_sender.all_due()
    assert hook.taken[0]["type"] == "webhook.test"
    (logged,) = await handler(pool).log(id, CHANNEL, None, "", 2**62, 10)
    assert logged.event == event
    assert [(attempt.number, attempt.status, attempt.cause) for attempt in logged.tries] == [
        (2, 204, ""),
        (1, 500, "it answered 500"),
    ]


async def test_removing_a_webhook_drops_its_waiting_events_and_keeps_its_log(pool: Pool, repository: Repo):
    async with endpoint() as hook, endpoint() as other_endpoint, delivering(pool) as webhook_sender:
        id, other_webhook = await subscribed(pool, hook), await subscribed(pool, other_endpoint, NANHAI)
        await feedback_after(pool, repository, *story.SUBMITTED)
        await webhook_sender.all_due()
        await another(pool, repository, 7, *story.SUBMITTED)
        await handler(pool).remove(id, CHANNEL)
    rows = await pool.fetch("SELECT webhook, state FROM webhook_delivery ORDER BY position")
    assert sorted(row["state"] for row in rows if row["webhook"] == other_webhook) == ["delivered", "pending"]
    assert [row["state"] for row in rows if row["webhook"] == id] == ["delivered"]


async def test_nobody_sees_or_changes_the_webhook_of_another_owner(pool: Pool):
    async with endpoint() as hook:
        id = await subscribed(pool, hook)
    for other in (channel_owner("wechat"), NANHAI):
        with pytest.raises(Refused) as refused:
            await handler(pool).change(id, ChangeWebhook(enabled=False), other)
        assert refused.value.code is Code.NOT_FOUND
        assert not await handler(pool).list(other)


async def test_events_behind_a_failure_follow_at_once_when_a_person_sends_that_again(pool: Pool, repository: Repo):
    async with endpoint(204, 500) as hook, delivering(pool) as webhook_sender:
        id = await subscribed(pool, hook)
        await feedback_after(pool, repository, *story.ROUTED, f.DemandAccepted(by="Chen"))
        await webhook_sender.all_due()
        assert await pool.fetchval("SELECT count(*) FROM webhook_delivery WHERE due_at > now()") == 2, "it waits too"
        await handler(pool).redeliver(id, Redeliver(event=UUID(hook.asked[1])), CHANNEL)
        await webhook_sender.all_due()
    assert hook.types == NAMES[:3]
