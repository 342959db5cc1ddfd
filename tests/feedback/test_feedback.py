"""How a resolved demand ends, and what its citizen is told."""

import json
import stat
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pydantic import ValidationError

from services.feedback import messages
from services.feedback.closing import Closing
from services.feedback.contacts import Contacts
from services.feedback.domain import RateDemand, Reaction, rate
from services.feedback.notices import Notices
from services.feedback.ratings import Ratings
from services.feedback.sender import LEASE, Sender
from services.feedback.sinks import FileSink
from services.routing.policies import reaction
from shared.chassis.database import Pool, open_pool
from shared.chassis.delivery import Delivery
from shared.chassis.ledger import Ledger
from shared.chassis.tokens import Tokens
from shared.contracts import facts as f
from shared.contracts.demand import Demand, Service, Status
from shared.contracts.lifecycle import evolve
from shared.contracts.refusals import Code, Refused
from shared.contracts.rules import demand_rules
from tests import story
from tests.chassis.conftest import Log
from tests.packs import nanhai, shipped
from tests.spec import Spec

PACK = nanhai()
TOKENS = Tokens("s" * 40)
SPEC = Spec(lambda demand, verdict: rate(demand, verdict, PACK, "link"))
Book = Ledger[Demand, f.Fact]
DECLINED = (*story.ROUTED, f.DemandDeclined(reason="不在本区"))
NOT_SOLVED = RateDemand(rating=1, solved=False)
WITH_CONTACT = story.SUBMISSION.model_copy(update={"contact": UUID(int=7)})


def test_a_satisfied_citizen_confirms():
    SPEC.given(*story.RESOLVED).when(RateDemand(rating=5, solved=True)).then(
        f.DemandConfirmed(rating=5, solved=True, asked="link")
    )


def test_a_citizen_reopens_what_was_not_really_solved():
    SPEC.given(*story.RESOLVED).when(RateDemand(rating=1, solved=False, comment="还在漏水")).then(
        f.DemandReopened(reason="还在漏水", rating=1)
    )


def test_a_comment_with_a_character_that_no_database_keeps_is_no_verdict():
    with pytest.raises(ValidationError, match=r"U\+0000"):
        RateDemand(rating=5, solved=True, comment="很及时\0")


def test_a_verdict_names_nobody():
    comment = "还在漏水，我叫王建国，电话13812345678"
    hidden = "还在漏水，我叫［姓名］，电话［手机号］"
    given = SPEC.given(*story.RESOLVED)
    given.when(RateDemand(rating=1, solved=False, comment=comment)).then(f.DemandReopened(reason=hidden, rating=1))
    given.when(RateDemand(rating=4, solved=True, comment=comment)).then(
        f.DemandConfirmed(rating=4, solved=True, comment=hidden, asked="link")
    )


def test_a_long_comment_reopens_as_a_short_one_does():
    long = "漏" * 2000
    SPEC.given(*story.RESOLVED).when(RateDemand(rating=1, solved=False, comment=long)).then(
        f.DemandReopened(reason=long, rating=1)
    )


def reopened_often(times: int) -> tuple[f.StatusFact, ...]:
    often = story.RESOLVED
    for _ in range(times):
        often = (*often, f.DemandReopened(reason="x"), *story.RESOLVED[1:])
    return often


def test_after_the_last_reopening_the_coordinator_hears_of_it_and_must_answer():
    told = rate(story.demand(*reopened_often(PACK.max_reopenings)), NOT_SOLVED, PACK, "link")
    assert [fact.type for fact in told] == ["demand.reopened", "demand.escalated"]
    reopened = evolve(story.demand(*reopened_often(PACK.max_reopenings)), told[0], story.AT)  # type: ignore[arg-type]
    ((routed, _),) = reaction(shipped())(reopened, told[0], story.AT, story.AT)
    assert isinstance(routed, f.DemandRouted)
    assert (routed.unit, routed.rule) == (PACK.coordinator, "reopened-too-often")


def test_a_demand_is_not_reopened_for_ever():
    given = SPEC.given(*reopened_often(PACK.max_reopenings + 1))
    given.when(NOT_SOLVED).then(f.DemandConfirmed(rating=1, solved=False, asked="link"))


def test_a_citizen_who_disagrees_with_a_refusal_reopens_it():
    given = SPEC.given(*DECLINED)
    given.when(RateDemand(rating=1, solved=False, comment="就在本区")).then(
        f.DemandReopened(reason="就在本区", rating=1)
    )
    given.when(RateDemand(rating=5, solved=True)).then_refused(Code.ILLEGAL_TRANSITION)


def test_a_refusal_by_the_coordinator_after_the_last_reopening_is_the_last_word():
    last = (*reopened_often(PACK.max_reopenings), f.DemandReopened(reason="x"), *DECLINED[1:])
    SPEC.given(*last).when(NOT_SOLVED).then_refused(Code.ILLEGAL_TRANSITION)


async def test_a_verdict_after_the_last_word_closes_the_demand_as_disputed(pool: Pool, book: Book):
    await heard(pool, book, *reopened_often(PACK.max_reopenings + 1))
    ratings = Ratings(pool, book, shipped(), TOKENS, clock=lambda: at(1))
    demand = await ratings.rate(TOKENS.write("rate", {"demand": str(story.ID)}), NOT_SOLVED)
    assert (demand.status, demand.outcome) == (Status.CLOSED, f.Outcome.DISPUTED)


def test_a_demand_in_work_cannot_be_rated():
    SPEC.given(*story.ACCEPTED).when(RateDemand(rating=3, solved=True)).then_refused(Code.ILLEGAL_TRANSITION)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "feedback") as found:
        yield found


@pytest.fixture
def book() -> Book:
    return Ledger(
        "demand", demand_rules(Service.FEEDBACK, Reaction(shipped())), Notices(shipped(), TOKENS, "http://here")
    )


async def heard(pool: Pool, book: Book, *told: f.StatusFact) -> Delivery[Demand, f.Fact]:
    delivery = Delivery(pool, book, "cluster", clock=lambda: story.AT)
    await delivery.deliver(Log().told(*told))
    return delivery


def sending(pool: Pool, book: Book, sink: FileSink) -> Sender:
    """A sender whose every message is for the same telephone."""
    intake = httpx.MockTransport(lambda asked: httpx.Response(200, json={"phone": "13800138000"}))
    client = httpx.AsyncClient(transport=intake, base_url="http://intake")
    return Sender(pool, book, Contacts(client, TOKENS), sink, clock=lambda: story.AT)


async def told_here(pool: Pool) -> list[str]:
    async with pool.acquire() as db:
        return [row["type"] for row in await db.fetch("SELECT type FROM journal ORDER BY position")]


def at(days: float) -> datetime:
    return story.AT + timedelta(days=days)


async def test_every_fact_worth_telling_becomes_one_message(pool: Pool, book: Book, tmp_path: Path):
    delivery = await heard(pool, book, WITH_CONTACT, *story.RESOLVED[1:])
    await delivery.deliver(Log().told(WITH_CONTACT, *story.RESOLVED[1:]))
    sender = sending(pool, book, FileSink(tmp_path / "out"))
    assert await sender.send_some() == 4
    assert await sender.send_some() == 0
    lines = (tmp_path / "out").read_text("utf-8").splitlines()
    assert len(lines) == 4
    assert "http://here/rate/" in lines[-1]
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert [json.loads(line)["template"] for line in lines] == ["submitted", "routed", "accepted", "resolved"]
    assert await told_here(pool) == ["demand.notification-sent.v1"] * 4


async def test_imported_history_tells_nobody(pool: Pool, book: Book):
    submission = story.SUBMISSION.model_copy(update={"imported": True})
    await heard(pool, book, submission, *story.RESOLVED[1:])
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM notification") == 0


async def test_a_message_whose_sender_died_is_never_sent_blindly_again(pool: Pool, book: Book, tmp_path: Path):
    await heard(pool, book, WITH_CONTACT)
    async with pool.acquire() as db:
        (claimed,) = await messages.claim_messages(db, 10, LEASE)
        assert await messages.begin_sending(db, claimed)
        await db.execute("UPDATE notification SET claimed_at = now() - interval '5 minutes'")
    sender = sending(pool, book, FileSink(tmp_path / "out"))
    assert await sender.give_up_some() == 1
    assert (await sender.give_up_some(), await sender.send_some()) == (0, 0)
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT state FROM notification") == "unknown"
        (told,) = await db.fetch("SELECT type, payload FROM journal")
    assert told["type"] == "demand.notification-failed.v1"
    assert json.loads(told["payload"])["cause"].startswith("unknown")
    assert not (tmp_path / "out").exists()


async def test_a_sender_that_was_only_slow_still_tells_what_it_did(pool: Pool, book: Book, tmp_path: Path):
    await heard(pool, book, WITH_CONTACT)
    sender = sending(pool, book, FileSink(tmp_path / "out"))
    async with pool.acquire() as db:
        (claimed,) = await messages.claim_messages(db, 10, LEASE)
        assert await messages.begin_sending(db, claimed)
        await db.execute("UPDATE notification SET claimed_at = now() - interval '5 minutes'")
    await sender.give_up_some()
    await sender._record(claimed, messages.State.SENT, None)
    assert await told_here(pool) == ["demand.notification-failed.v1", "demand.notification-sent.v1"]


async def test_what_is_in_the_middle_is_found_without_reading_every_message(pool: Pool):
    async with pool.acquire() as db:
        await db.execute("SET enable_seqscan = off")
        plan = await db.fetch("EXPLAIN SELECT id FROM notification WHERE state = 'sending' AND claimed_at < now()")
    assert "notification_in_the_middle" in str(plan)


async def test_a_message_whose_sender_died_before_sending_is_sent_by_the_next(pool: Pool, book: Book, tmp_path: Path):
    await heard(pool, book, WITH_CONTACT)
    async with pool.acquire() as db:
        (lost,) = await messages.claim_messages(db, 10, LEASE)
        assert await messages.claim_messages(db, 10, LEASE) == []
        await db.execute("UPDATE notification SET due_at = now()")
    assert await sending(pool, book, FileSink(tmp_path / "out")).send_some() == 1
    async with pool.acquire() as db:
        assert not await messages.begin_sending(db, lost), "its claim is not the last one"
    assert len((tmp_path / "out").read_text("utf-8").splitlines()) == 1


async def test_a_message_that_cannot_be_written_is_told_as_failed(pool: Pool, book: Book, tmp_path: Path):
    await heard(pool, book, WITH_CONTACT)
    await sending(pool, book, FileSink(tmp_path)).send_some()
    assert await told_here(pool) == ["demand.notification-failed.v1"]


async def test_what_nobody_rates_is_closed_when_the_time_is_over(pool: Pool, book: Book):
    await heard(pool, book, *story.RESOLVED)
    early = Closing(pool, book, shipped(), clock=lambda: at(PACK.rate_within_days - 0.1))
    late = Closing(pool, book, shipped(), clock=lambda: at(PACK.rate_within_days + 0.1))
    assert await early.close_some() == 0
    assert await late.close_some() == 1
    assert await late.close_some() == 0
    assert await told_here(pool) == ["demand.closed.v1"]


async def test_a_link_rates_once(pool: Pool, book: Book):
    await heard(pool, book, *story.RESOLVED)
    ratings = Ratings(pool, book, shipped(), TOKENS, clock=lambda: at(1))
    link = TOKENS.write("rate", {"demand": str(story.ID)})
    demand = await ratings.rate(link, RateDemand(rating=4, solved=True))
    assert (demand.status, demand.outcome) == (Status.CLOSED, f.Outcome.CONFIRMED)
    assert await told_here(pool) == ["demand.confirmed.v1", "demand.closed.v1"]
    with pytest.raises(Refused) as refused:
        await ratings.rate(link, RateDemand(rating=1, solved=False))
    assert refused.value.code is Code.ILLEGAL_TRANSITION


@pytest.mark.parametrize("link", ["", "x.y.z", Tokens("t" * 40).write("rate", {"demand": str(UUID(int=1))}),
                                  TOKENS.write("staff", {"demand": str(UUID(int=1))})],
                         ids=["nothing", "no token", "another's", "of staff"])  # fmt: skip
async def test_a_forged_link_is_refused(pool: Pool, book: Book, link: str):
    with pytest.raises(Refused) as refused:
        await Ratings(pool, book, shipped(), TOKENS).demand(link)
    assert refused.value.code is Code.UNAUTHENTICATED
