"""Webhooks are told what happens: signed, in order for each demand, at least once, until they have it."""

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
from tests.feedback.office import Book, heard

NAMES = ["demand.submitted", "demand.routed", "demand.accepted", "demand.resolved"]
NANHAI = Owner("马", jurisdiction="nanhai")
SECONDS, MINUTE, DAY = timedelta(seconds=6), timedelta(minutes=1), timedelta(days=1)


async def another(pool: Pool, repository: Book, n: int, *facts: f.StatusFact) -> None:
    """Let a further demand become known."""
    delivery = Delivery(pool, Repositories.of(repository), "cluster", clock=lambda: story.AT)
    await delivery.deliver(Log(end=n * 100).records(*facts, key=UUID(int=n)))


async def test_a_channel_is_told_of_its_demand_signed_in_order_and_masked(pool: Pool, repository: Book):
    async with endpoint() as hook, delivering(pool) as sending:
        await subscribed(pool, hook)
        await heard(pool, repository, *story.RESOLVED)
        await sending.all_due()
    assert hook.types == NAMES
    first, *_, last = hook.taken
    assert first["id"] == str(uuid5(story.ID, "demand.submitted:1")), "the id of the fact, as elsewhere"
    assert last["data"]["fact"]["result"] == "repaired"
    assert "Chen" not in str(hook.taken), "no name of staff"
    assert last["subject"] == last["data"]["demand"]["number"]


async def test_facts_that_are_heard_together_are_told_in_their_order(pool: Pool, repository: Book):
    async with endpoint() as hook, delivering(pool) as sending:
        await subscribed(pool, hook)
        await another(pool, repository, 7, *story.RESOLVED)
        await sending.all_due()
    assert hook.types == NAMES


async def test_a_delivery_that_fails_is_tried_again_later_and_holds_back_the_later_ones_of_its_demand_alone(
    pool: Pool, repository: Book
):
    async with endpoint(204, 500) as hook, delivering(pool) as sending:
        await subscribed(pool, hook)
        await heard(pool, repository, *story.ROUTED, f.DemandAccepted(by="Chen"))
        await sending.all_due()
        assert hook.types == ["demand.submitted"]
        await another(pool, repository, 7, *story.SUBMITTED)
        await sending.all_due()
        assert hook.types == ["demand.submitted", "demand.submitted"]
        await sending.go_on(SECONDS)
        await sending.all_due()
    assert hook.types[2:] == ["demand.routed", "demand.accepted"]
    assert len(hook.asked) == 5
    assert len(set(hook.asked)) == 4, "again by the same id"


async def test_an_outcome_that_was_never_recorded_is_sent_again_by_the_same_id(pool: Pool, repository: Book):
    async with endpoint() as hook:
        await subscribed(pool, hook)
        await heard(pool, repository, *story.SUBMITTED)
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


async def test_filters_choose_by_owner_type_subtree_and_category(pool: Pool, repository: Book):
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
            name: await subscribed(pool, hook, owner, **asked) for name, (owner, asked) in (wanted | unwanted).items()
        }
        await heard(pool, repository, *story.SUBMITTED)
    rows = await pool.fetch("SELECT webhook FROM webhook_delivery")
    names = {id: name for name, id in ids.items()}
    assert {names[row["webhook"]] for row in rows} == set(wanted)


async def test_a_report_is_told_to_its_channel_and_to_no_administrator_and_recorded_history_to_nobody(
    pool: Pool, repository: Book
):
    async with endpoint() as hook:
        own, _ = await subscribed(pool, hook), await subscribed(pool, hook, NANHAI)
        await heard(pool, repository, story.SUBMISSION.model_copy(update={"kind": f.RequestKind.REPORT}))
        await another(pool, repository, 7, story.SUBMISSION.model_copy(update={"imported": True}))
    rows = await pool.fetch("SELECT webhook, demand FROM webhook_delivery")
    assert [(row["webhook"], row["demand"]) for row in rows] == [(own, story.ID)]


async def test_what_offices_arrange_among_themselves_is_not_told(pool: Pool, repository: Book):
    async with endpoint() as hook:
        await subscribed(pool, hook)
        await heard(pool, repository, *story.ACCEPTED, f.DemandAssigned(by="Chen", handler="Li"))
    assert [type for type, _ in await delivery_states(pool)] == NAMES[:3]


async def test_without_a_webhook_that_wants_it_no_event_is_worded(pool: Pool):
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


async def test_an_endpoint_that_fails_rests_and_one_that_takes_again_gets_what_waits_at_once(
    pool: Pool, repository: Book
):
    async with endpoint(*[500] * 30) as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        for n in range(1, 8):
            await another(pool, repository, n, *story.SUBMITTED)
        await sending.all_due()
        assert len(hook.asked) == 1, "one that has not proven itself is given one"
        for _ in range(4):
            await sending.go_on(MINUTE)
            await sending.all_due()
        assert len(hook.asked) < 8, "and again one after each rest"
        assert state_of(await row_of(pool, id)) == "failing"
        hook.answers.clear()
        await sending.go_on(MINUTE)
        await sending.all_due()
    assert len(hook.taken) == 7
    assert state_of(await row_of(pool, id)) == "active"


async def test_a_webhook_that_takes_nothing_for_three_days_is_disabled_and_gets_everything_when_it_is_enabled(
    pool: Pool, repository: Book
):
    async with endpoint(*[500] * 100) as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        await heard(pool, repository, *story.ROUTED)
        for _ in range(5):
            await sending.all_due()
            await sending.go_on(DAY)
        row = await row_of(pool, id)
        assert row.disabled_for is DisabledFor.FAILING
        shown = await handler(pool).show(id, CHANNEL)
        assert "三天" in shown.notice_zh
        assert shown.waiting == 2
        asked = len(hook.asked)
        await another(pool, repository, 7, *story.SUBMITTED)
        assert await sending.all_due() == 0
        hook.answers.clear()
        await handler(pool).change(id, ChangeWebhook(enabled=True), CHANNEL)
        await sending.go_on(DAY)
        await sending.all_due()
    assert len(hook.asked) == asked + 3
    assert sorted(hook.types) == ["demand.routed", "demand.submitted", "demand.submitted"]


async def test_one_delivery_that_always_fails_is_given_up_after_three_days_and_the_next_goes_on(
    pool: Pool, repository: Book
):
    async with endpoint() as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        hook.refuses = str(uuid5(story.ID, "demand.submitted:1"))
        await heard(pool, repository, *story.ROUTED)
        for n in range(1, 13):
            await another(pool, repository, n, *story.SUBMITTED)
            await sending.all_due()
            await sending.go_on(timedelta(seconds=2))
            await sending.all_due()
            await sending.go_on(DAY + timedelta(hours=3))
    assert (await row_of(pool, id)).disabled_at is None
    states = await pool.fetch("SELECT state FROM webhook_delivery WHERE demand = $1 ORDER BY position", story.ID)
    assert [row["state"] for row in states] == ["failed", "delivered"]


async def test_410_disables_at_once(pool: Pool, repository: Book):
    async with endpoint(410) as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        await heard(pool, repository, *story.ROUTED)
        await sending.all_due()
    assert (await row_of(pool, id)).disabled_for is DisabledFor.GONE
    assert len(hook.asked) == 1


async def test_a_webhook_that_is_disabled_while_it_is_asked_what_is_due_ends_no_sender(pool: Pool, repository: Book):
    async with endpoint() as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        await heard(pool, repository, *story.SUBMITTED)
        asked = sending.sender._due

        async def disabled_meanwhile(*question: Any) -> Any:
            due = await asked(*question)
            sending.sender._targets.pop(id)
            return due

        sending.sender._due = disabled_meanwhile  # type: ignore[method-assign]
        assert await sending.sender.send_wave() == 0
    assert not hook.asked


async def test_nothing_is_due_for_a_webhook_that_is_disabled(pool: Pool, repository: Book):
    async with endpoint() as hook:
        id = await subscribed(pool, hook)
        await heard(pool, repository, *story.SUBMITTED)
        async with pool.acquire() as db:
            assert len(await next_deliveries(db, {id: 8}, [], now())) == 1
            await handler(pool).change(id, ChangeWebhook(enabled=False), CHANNEL)
            assert not await next_deliveries(db, {id: 8}, [], now())


async def test_a_pause_that_is_asked_for_is_kept_and_costs_the_delivery_nothing(pool: Pool, repository: Book):
    async with endpoint() as hook, delivering(pool) as sending:
        await subscribed(pool, hook)
        hook.answers = [web.Response(status=429, headers={"Retry-After": "90"})]
        await heard(pool, repository, *story.SUBMITTED)
        await sending.all_due()
        await sending.go_on(MINUTE)
        await another(pool, repository, 7, *story.SUBMITTED)
        assert await sending.all_due() == 0, "nor is another sent meanwhile"
        await sending.go_on(MINUTE)
        await sending.all_due()
    assert len(hook.taken) == 2
    assert await pool.fetchval("SELECT max(failures) FROM webhook_delivery") == 0


async def test_both_secrets_sign_while_one_is_being_changed(pool: Pool, repository: Book):
    async with endpoint() as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        made = await handler(pool).rotate(id, RotateSecret(hours=24), CHANNEL)
        hook.keys.append(made.secret)
        await heard(pool, repository, *story.SUBMITTED)
        await sending.all_due()
        assert len(hook.headers[0]["webhook-signature"].split()) == 2
        await handler(pool).rotate(id, RotateSecret(hours=0), CHANNEL)
        hook.keys.clear()
        await another(pool, repository, 7, *story.SUBMITTED)
        sending.ticks.seconds += 2
        await sending.all_due()
    assert len(hook.headers[1]["webhook-signature"].split()) == 1


async def test_what_was_delivered_is_delivered_again_by_id_or_by_time_in_the_order_of_then(
    pool: Pool, repository: Book
):
    async with endpoint() as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        await heard(pool, repository, *story.RESOLVED)
        await sending.all_due()
        second = UUID(hook.asked[1])
        assert await handler(pool).redeliver(id, Redeliver(event=second), CHANNEL) == 1
        await sending.all_due()
        assert hook.asked[4:] == [str(second)]
        assert await handler(pool).redeliver(id, Redeliver(since=LONG_AGO), CHANNEL) == 4
        await sending.all_due()
    assert hook.types[5:] == NAMES
    assert await handler(pool).redeliver(id, Redeliver(since=story.AT + DAY), CHANNEL) == 0
    with pytest.raises(Refused):
        await handler(pool).redeliver(id, Redeliver(event=UUID(int=1)), CHANNEL)


async def test_a_test_is_delivered_like_everything_else_and_the_log_says_so(pool: Pool):
    async with endpoint(500) as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        event = await handler(pool).test(id, CHANNEL)
        await sending.all_due()
        await sending.go_on(SECONDS)
        await sending.all_due()
    assert hook.taken[0]["type"] == "webhook.test"
    (logged,) = await handler(pool).log(id, CHANNEL, None, "", 2**62, 10)
    assert logged.event == event
    assert [(one.number, one.status, one.cause) for one in logged.tries] == [(2, 204, ""), (1, 500, "it answered 500")]


async def test_what_waits_for_a_webhook_that_is_removed_is_forgotten_and_what_it_took_is_not(
    pool: Pool, repository: Book
):
    async with endpoint() as hook, endpoint() as theirs, delivering(pool) as sending:
        id, other = await subscribed(pool, hook), await subscribed(pool, theirs, NANHAI)
        await heard(pool, repository, *story.SUBMITTED)
        await sending.all_due()
        await another(pool, repository, 7, *story.SUBMITTED)
        await handler(pool).remove(id, CHANNEL)
    rows = await pool.fetch("SELECT webhook, state FROM webhook_delivery ORDER BY position")
    assert sorted(row["state"] for row in rows if row["webhook"] == other) == ["delivered", "pending"]
    assert [row["state"] for row in rows if row["webhook"] == id] == ["delivered"]


async def test_nobody_sees_or_changes_the_webhook_of_another(pool: Pool):
    async with endpoint() as hook:
        id = await subscribed(pool, hook)
    for other in (channel_owner("wechat"), NANHAI):
        with pytest.raises(Refused) as refused:
            await handler(pool).change(id, ChangeWebhook(enabled=False), other)
        assert refused.value.code is Code.NOT_FOUND
        assert not await handler(pool).list(other)


async def test_what_waits_behind_a_failure_follows_at_once_when_that_is_sent_again_by_a_person(
    pool: Pool, repository: Book
):
    async with endpoint(204, 500) as hook, delivering(pool) as sending:
        id = await subscribed(pool, hook)
        await heard(pool, repository, *story.ROUTED, f.DemandAccepted(by="Chen"))
        await sending.all_due()
        assert await pool.fetchval("SELECT count(*) FROM webhook_delivery WHERE due_at > now()") == 2, "it waits too"
        await handler(pool).redeliver(id, Redeliver(event=UUID(hook.asked[1])), CHANNEL)
        await sending.all_due()
    assert hook.types == NAMES[:3]
