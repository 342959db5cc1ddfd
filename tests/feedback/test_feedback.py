"""How a resolved demand ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from services.feedback.app import MIGRATIONS
from services.feedback.notifications.projection import notification_projection
from services.feedback.ratings.domain import RateDemand, Reaction, rate
from services.feedback.ratings.handler import RatingHandler
from services.routing.cases.policies import reaction
from shared.chassis.aggregates.repository import Repository
from shared.chassis.base.clock import uuid5
from shared.chassis.base.tokens import Tokens
from shared.chassis.database.migrate import migrate
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand import facts as f
from shared.contracts.demand.lifecycle import evolve
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service, Status
from shared.contracts.refusals import Code, Refused
from shared.jurisdiction.jurisdictions import Jurisdictions
from tests import story
from tests.chassis.conftest import Log, envelope
from tests.conftest import Server, fresh_database
from tests.feedback.senders import (
    LINKS,
    TOKENS,
    Repo,
    feedback_after,
    migrate_until,
    recorded_types,
    timers,
)
from tests.packs import nanhai, shipped
from tests.spec import Spec

PACK = nanhai()
SPEC = Spec(lambda demand, verdict: rate(demand, verdict.verdict(), PACK))
DECLINED = (*story.ROUTED, f.DemandDeclined(reason="不在本区"))
NOT_SOLVED = RateDemand(rating=1, solved=False)
WITH_CONTACT = story.SUBMISSION.model_copy(update={"contact": UUID(int=7)})


@pytest.mark.parametrize("rating", [3, 4, 5])
def test_a_citizen_who_is_not_dissatisfied_confirms(rating: int):
    SPEC.given(*story.RESOLVED).when(RateDemand(rating=rating, solved=True)).then(
        f.DemandConfirmed(rating=rating, solved=True, asked="link")
    )


def test_a_citizen_reopens_a_demand_that_was_not_really_solved():
    SPEC.given(*story.RESOLVED).when(RateDemand(rating=1, solved=False, comment="还在漏水")).then(
        f.DemandReopened(reason="还在漏水", rating=1)
    )


def test_a_verdict_whose_comment_cannot_be_stored_is_refused():
    with pytest.raises(ValidationError, match=r"U\+0000"):
        RateDemand(rating=5, solved=True, comment="很及时\0")


def test_personal_data_in_a_verdict_is_masked():
    comment = "还在漏水，我叫王建国，电话13812345678"
    masked = "还在漏水，我叫［姓名］，电话［手机号］"
    spec = SPEC.given(*story.RESOLVED)
    spec.when(RateDemand(rating=1, solved=False, comment=comment)).then(f.DemandReopened(reason=masked, rating=1))
    spec.when(RateDemand(rating=4, solved=True, comment=comment)).then(
        f.DemandConfirmed(rating=4, solved=True, comment=masked, asked="link")
    )


def test_a_long_comment_reopens_like_a_short_one():
    long = "漏" * 2000
    SPEC.given(*story.RESOLVED).when(RateDemand(rating=1, solved=False, comment=long)).then(
        f.DemandReopened(reason=long, rating=1)
    )


def reopened_often(times: int) -> tuple[f.StatusFact, ...]:
    facts = story.RESOLVED
    for _ in range(times):
        facts = (*facts, f.DemandReopened(reason="x"), *story.RESOLVED[1:])
    return facts


def test_after_the_last_reopening_the_demand_goes_to_the_coordinator():
    facts = rate(story.demand(*reopened_often(PACK.max_reopenings)), NOT_SOLVED.verdict(), PACK)
    assert [fact.type for fact in facts] == ["demand.reopened", "demand.escalated"]
    reopened = evolve(story.demand(*reopened_often(PACK.max_reopenings)), facts[0], story.AT)  # type: ignore[arg-type]
    ((routed, _),) = reaction(shipped())(reopened, facts[0], story.AT, story.AT)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule) == (PACK.coordinator, "reopened-too-often")


def test_a_demand_is_reopened_only_a_limited_number_of_times():
    spec = SPEC.given(*reopened_often(PACK.max_reopenings + 1))
    spec.when(NOT_SOLVED).then(
        f.DemandEscalated(to=PACK.coordinator, reason="未解决，未填写原因 / not solved, no reason given"),
        f.DemandConfirmed(rating=1, solved=False, asked="link"),
    )


@pytest.mark.parametrize("rating", [1, 2])
def test_a_low_rating_of_a_solved_demand_reopens_it_with_the_comment(rating: int):
    verdict = RateDemand(rating=rating, solved=True, comment="修了三次才修好")
    reason = f"已解决，但不满意（{rating}分） / solved, but dissatisfied ({rating} of 5): 修了三次才修好"
    SPEC.given(*story.RESOLVED).when(verdict).then(f.DemandReopened(reason=reason, rating=rating))


async def test_with_call_backs_in_the_pack_a_dissatisfied_citizen_is_called_and_the_demand_is_not_confirmed(
    pool: Pool,
):
    pack_with_calls = PACK.model_copy(update={"dissatisfied": "call-back"})
    packs = Jurisdictions([pack_with_calls])
    repository: Repo = Repository(
        "demand", demand_rules(Service.FEEDBACK, Reaction(packs)), notification_projection(packs, LINKS)
    )
    await feedback_after(pool, repository, *story.RESOLVED)
    ratings = RatingHandler(pool, repository, packs, LINKS, clock=lambda: at(1))
    demand = await ratings.rate(TOKENS.write("rate", {"demand": str(story.ID)}), RateDemand(rating=2, solved=True))
    assert (demand.status, demand.outcome, demand.rating) == (Status.CLOSED, f.Outcome.DISPUTED, 2)
    assert await recorded_types(pool) == ["demand.escalated.v1", "demand.confirmed.v1", "demand.closed.v1"]


def test_a_citizen_who_disagrees_with_a_refusal_reopens_it():
    spec = SPEC.given(*DECLINED)
    spec.when(RateDemand(rating=1, solved=False, comment="就在本区")).then(
        f.DemandReopened(reason="就在本区", rating=1)
    )
    spec.when(RateDemand(rating=5, solved=True)).then_refused(Code.ILLEGAL_TRANSITION)


def test_a_refusal_by_the_coordinator_after_the_last_reopening_is_final():
    facts = (*reopened_often(PACK.max_reopenings), f.DemandReopened(reason="x"), *DECLINED[1:])
    SPEC.given(*facts).when(NOT_SOLVED).then_refused(Code.ILLEGAL_TRANSITION)


async def test_a_bad_verdict_on_a_final_refusal_closes_the_demand_as_disputed(pool: Pool, repository: Repo):
    await feedback_after(pool, repository, *reopened_often(PACK.max_reopenings + 1))
    ratings = RatingHandler(pool, repository, shipped(), LINKS, clock=lambda: at(1))
    demand = await ratings.rate(TOKENS.write("rate", {"demand": str(story.ID)}), NOT_SOLVED)
    assert (demand.status, demand.outcome) == (Status.CLOSED, f.Outcome.DISPUTED)


@pytest.mark.parametrize(
    ("changes", "recorded"),
    [
        ({"rating": 5, "solved": True}, ["demand.confirmed.v1", "demand.closed.v1"]),
        ({"rating": 2, "solved": False, "comment": "水还在漏"}, ["demand.reopened.v1"]),
        ({"solved": False}, ["demand.reopened.v1"]),
    ],
)
async def test_a_verdict_from_a_channel_counts_like_one_from_the_link(
    pool: Pool, repository: Repo, changes: dict[str, Any], recorded: list[str]
):
    delivery = await feedback_after(pool, repository, *story.RESOLVED)
    verdict = f.VerdictGiven(judged=len(story.RESOLVED), asked="sms", **changes)
    await delivery.deliver([Log(end=100).record(envelope(verdict, None, at=at(1)))])
    assert await recorded_types(pool) == recorded
    # The first rating of an answer counts.
    given_verdict = f.VerdictGiven(judged=len(story.RESOLVED), asked="hotline", rating=1, solved=False)
    later_envelope = envelope(given_verdict, None, at=at(2))._replace(id=uuid4())
    await delivery.deliver([Log(end=101).record(later_envelope)])
    assert await recorded_types(pool) == recorded


async def test_a_verdict_on_an_earlier_answer_does_not_count(pool: Pool, repository: Repo):
    delivery = await feedback_after(pool, repository, *story.RESOLVED)
    verdict = f.VerdictGiven(judged=len(story.RESOLVED) - 1, asked="sms", rating=1, solved=False)
    await delivery.deliver([Log(end=100).record(envelope(verdict, None, at=at(1)))])
    assert await recorded_types(pool) == []


async def test_the_fact_names_who_entered_a_verdict(pool: Pool, repository: Repo):
    delivery = await feedback_after(pool, repository, *story.RESOLVED)
    verdict = f.VerdictGiven(judged=len(story.RESOLVED), asked="hotline", rating=4, solved=True, entered_by="陈")
    await delivery.deliver([Log(end=100).record(envelope(verdict, None, at=at(1)))])
    async with pool.acquire() as db:
        payload = await db.fetchval("SELECT payload FROM journal WHERE type = 'demand.confirmed.v1'")
    fact = f.DemandConfirmed.model_validate_json(payload)
    assert (fact.asked, fact.entered_by, fact.rating) == ("hotline", "陈", 4)


async def test_tags_are_recorded_with_the_verdict(pool: Pool, repository: Repo):
    delivery = await feedback_after(pool, repository, *story.RESOLVED)
    verdict = f.VerdictGiven(judged=len(story.RESOLVED), asked="call", rating=4, solved=True, tags=("prompt",))
    await delivery.deliver([Log(end=100).record(envelope(verdict, None, at=at(1)))])
    payload = await pool.fetchval("SELECT payload FROM journal WHERE type = 'demand.confirmed.v1'")
    assert f.DemandConfirmed.model_validate_json(payload).tags == ("prompt",)
    SPEC.given(*story.RESOLVED).when(RateDemand(rating=1, solved=False, comment="x", tags=("slow",))).then(
        f.DemandReopened(reason="x", rating=1, tags=("slow",))
    )


@pytest.mark.parametrize(("judged", "calls"), [(len(story.RESOLVED), 2), (1, 0)])
async def test_a_demand_whose_calls_all_failed_is_closed_with_the_number_of_calls(
    pool: Pool, repository: Repo, judged: int, calls: int
):
    delivery = await feedback_after(pool, repository, *story.RESOLVED)
    failed_calls = [
        f.CallBackFailed(by="林", unit="desk", judged=judged, attempt=n, not_reached="no-answer") for n in (1, 2)
    ]
    records = [envelope(fact, None, at=at(n))._replace(id=uuid4()) for n, fact in enumerate(failed_calls)]
    await delivery.deliver([Log(end=100 + n).record(record) for n, record in enumerate(records)])
    await timers(pool, repository, at(PACK.rate_within_days + 1)).run_some()
    payload = await pool.fetchval("SELECT payload FROM journal WHERE type = 'demand.closed.v1'")
    closed = f.DemandClosed.model_validate_json(payload)
    assert (closed.outcome, closed.calls) == (f.Outcome.UNRATED, calls)


def test_the_first_verdict_on_an_answer_is_kept_and_a_contested_refusal_has_none():
    contested = (*DECLINED, f.DemandReopened(reason="归你们管", rating=1), *story.RESOLVED[1:])
    reopened = story.demand(*contested, f.DemandReopened(reason="x", rating=2))
    assert (reopened.first_rating, reopened.first_solved) == (2, False)
    again = story.demand(*contested, f.DemandReopened(reason="x", rating=2), *story.RESOLVED[1:])
    demand = evolve(again, f.DemandConfirmed(rating=5, solved=True), story.AT)
    assert (demand.first_rating, demand.rating, demand.solved) == (2, 5, True)


def test_a_demand_in_work_cannot_be_rated():
    SPEC.given(*story.ACCEPTED).when(RateDemand(rating=3, solved=True)).then_refused(Code.ILLEGAL_TRANSITION)


def at(days: float) -> datetime:
    return story.AT + timedelta(days=days)


async def test_imported_history_sends_no_messages(pool: Pool, repository: Repo):
    submission = story.SUBMISSION.model_copy(update={"imported": True})
    await feedback_after(pool, repository, submission, *story.RESOLVED[1:])
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM intent") == 0


async def test_an_unrated_demand_is_closed_when_the_time_is_over(pool: Pool, repository: Repo):
    await feedback_after(pool, repository, *story.RESOLVED)
    early_timers = timers(pool, repository, at(PACK.rate_within_days - 0.1))
    late_timers = timers(pool, repository, at(PACK.rate_within_days + 0.1))
    assert await early_timers.run_some() == 0
    assert await late_timers.run_some() == 1
    assert await late_timers.run_some() == 0
    assert await recorded_types(pool) == ["demand.closed.v1"]


async def test_a_reopened_demand_is_not_closed_and_one_answered_again_is_closed_later(pool: Pool, repository: Repo):
    delivery = await feedback_after(pool, repository, *story.RESOLVED)
    ratings = RatingHandler(pool, repository, shipped(), LINKS, clock=lambda: at(1))
    await ratings.rate(TOKENS.write("rate", {"demand": str(story.ID)}), NOT_SOLVED)
    late_timers = timers(pool, repository, at(PACK.rate_within_days + 0.1))
    assert await late_timers.run_some() == 0
    second_answer = (f.DemandRouted(unit="roads", rule="r"), *story.RESOLVED[2:])
    facts = [envelope(fact, n, at=at(5)) for n, fact in enumerate(second_answer, 6)]
    await delivery.deliver([Log(end=n).record(fact) for n, fact in enumerate(facts, 100)])
    assert await late_timers.run_some() == 0
    assert await timers(pool, repository, at(PACK.rate_within_days + 5.1)).run_some() == 1
    assert await recorded_types(pool) == ["demand.reopened.v1", "demand.closed.v1"]


async def test_unrated_imported_demands_are_closed_at_the_end_of_their_time(pool: Pool, repository: Repo):
    submission = story.SUBMISSION.model_copy(update={"imported": True})
    await feedback_after(pool, repository, submission, *story.RESOLVED[1:])
    assert await timers(pool, repository, at(PACK.rate_within_days + 40)).run_some() == 1
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT time FROM journal") == at(PACK.rate_within_days)


async def test_a_demand_is_closed_by_the_pack_that_is_in_force_at_the_end(pool: Pool, repository: Repo):
    await feedback_after(pool, repository, *story.RESOLVED)
    patient = Jurisdictions([PACK.model_copy(update={"rate_within_days": PACK.rate_within_days + 10})])
    for days, expected in ((0.1, []), (9.9, []), (10.1, ["demand.closed.v1"])):
        await timers(pool, repository, at(PACK.rate_within_days + days), patient).run_some()
        assert await recorded_types(pool) == expected


async def test_the_closing_of_an_unrated_demand_has_the_same_id_as_in_the_previous_version(
    pool: Pool, repository: Repo
):
    await feedback_after(pool, repository, *story.RESOLVED)
    await timers(pool, repository, at(PACK.rate_within_days)).run_some()
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT id FROM journal") == uuid5(uuid5(story.ID, "close:4"), "0")


async def test_closings_that_the_previous_version_planned_are_timers_after_the_migration(postgres: Server):
    due = datetime(2026, 11, 5, tzinfo=UTC)
    async with fresh_database(postgres, "template1") as database:
        await migrate_until(database, "20261129220100_unrated.sql")
        async with await open_pool(database, "feedback") as pool:
            await pool.execute("INSERT INTO closing VALUES ($1, $2)", story.ID, due)
            await migrate(database, "feedback", MIGRATIONS)
            rows = await pool.fetch("SELECT kind, key, at, due_at, attempts FROM timer")
            assert [tuple(row) for row in rows] == [("unrated", story.ID, due, due, 0)]
            # A worker of the previous version that still runs during the update.
            later = due + timedelta(days=1)
            await pool.execute(
                "INSERT INTO closing VALUES ($1, $3), ($2, $3)"
                " ON CONFLICT (demand_id) DO UPDATE SET due_at = excluded.due_at",
                story.ID, UUID(int=1), later,
            )  # fmt: skip
            rows = await pool.fetch("SELECT key, due_at FROM timer ORDER BY key")
            assert [tuple(row) for row in rows] == [(UUID(int=1), later), (story.ID, later)]
            await pool.execute("UPDATE timer SET at = $2 WHERE key = $1", UUID(int=1), due)
            await pool.execute("DELETE FROM closing")
            assert [row["key"] for row in await pool.fetch("SELECT key FROM timer")] == [UUID(int=1)], "planned anew"


async def test_a_link_rates_once_and_a_repeated_verdict_gets_the_first_answer(pool: Pool, repository: Repo):
    await feedback_after(pool, repository, *story.RESOLVED)
    ratings = RatingHandler(pool, repository, shipped(), LINKS, clock=lambda: at(1))
    link, verdict = TOKENS.write("rate", {"demand": str(story.ID)}), RateDemand(rating=4, solved=True)
    demand = await ratings.rate(link, verdict)
    assert (demand.status, demand.outcome) == (Status.CLOSED, f.Outcome.CONFIRMED)
    assert await ratings.rate(link, verdict) == demand
    assert await recorded_types(pool) == ["demand.confirmed.v1", "demand.closed.v1"]
    with pytest.raises(Refused, match=r"your rating \(4 of 5\) was received before") as refused:
        await ratings.rate(link, RateDemand(rating=1, solved=False))
    assert refused.value.code is Code.ILLEGAL_TRANSITION


async def test_two_requests_at_once_are_one_verdict(pool: Pool, repository: Repo):
    await feedback_after(pool, repository, *story.RESOLVED)
    ratings = RatingHandler(pool, repository, shipped(), LINKS, clock=lambda: at(1))
    link = TOKENS.write("rate", {"demand": str(story.ID)})
    first, second = await asyncio.gather(*(ratings.rate(link, NOT_SOLVED) for _ in range(2)))
    assert (first, first.status) == (second, Status.REOPENED)
    assert await recorded_types(pool) == ["demand.reopened.v1"]


async def test_a_verdict_on_a_later_answer_is_new_and_a_form_sent_again_is_a_repetition(pool: Pool, repository: Repo):
    delivery = await feedback_after(pool, repository, *story.RESOLVED)
    ratings = RatingHandler(pool, repository, shipped(), LINKS, clock=lambda: at(1))
    link, version_seen = TOKENS.write("rate", {"demand": str(story.ID)}), 4
    first_reply = await ratings.rate(link, NOT_SOLVED, version_seen)
    second_answer = (f.DemandRouted(unit="roads", rule="reopened"), *story.RESOLVED[2:])
    await delivery.deliver(Log().records(*second_answer, first=6))
    assert (await ratings.rate(link, NOT_SOLVED, version_seen)).status is first_reply.status is Status.REOPENED
    with pytest.raises(Refused, match="there is a newer answer"):
        await ratings.rate(link, RateDemand(rating=5, solved=True), version_seen)
    assert (await ratings.rate(link, NOT_SOLVED)).reopenings == 2


@pytest.mark.parametrize("link", ["", "x.y.z", Tokens("t" * 40).write("rate", {"demand": str(UUID(int=1))}),
                                  TOKENS.write("staff", {"demand": str(UUID(int=1))})],
                         ids=["nothing", "no token", "another's", "of staff"])  # fmt: skip
async def test_a_forged_link_is_refused(pool: Pool, repository: Repo, link: str):
    with pytest.raises(Refused) as refused:
        await RatingHandler(pool, repository, shipped(), LINKS).shown(link)
    assert refused.value.code is Code.FORBIDDEN
