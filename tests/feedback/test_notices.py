"""Who gets a message about a fact, and with which text."""

import re
from uuid import UUID

import pytest

from services.feedback.notifications.projection import SHORT
from shared.chassis.base.clock import now
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.contracts.demand import facts as f
from tests import story
from tests.chassis.conftest import Log, envelope
from tests.feedback.senders import LINKS, Repo, feedback_after

CITIZEN = story.SUBMISSION.model_copy(update={"contact": UUID(int=7)})
LINK = re.compile(r"https?://[^\s，。]+")
ENDS = {
    "resolved": f.DemandResolved(by="Chen", result="已修复"),
    "declined": f.DemandDeclined(reason="不属本区"),
    "withdrawn": f.DemandWithdrawn(),
}


async def bodies(pool: Pool) -> list[tuple[str, str]]:
    """The template and the body of every message."""
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT body ->> 'template', body ->> 'text' FROM intent ORDER BY position")
    return [tuple(row) for row in rows]


async def supported(delivery: Delivery, log: Log, *contacts: int) -> None:
    """Others support the demand."""
    for n in contacts:
        fact = f.DemandSupported(channel="hotline", channel_kind=f.ChannelKind.HOTLINE, contact=UUID(int=n))
        note = envelope(fact, None)
        await delivery.deliver([log.record(note._replace(id=UUID(int=100 + n)))])


@pytest.mark.parametrize("end", ENDS)
async def test_every_supporter_gets_a_message_of_their_own_about_the_end(pool: Pool, repository: Repo, end: str):
    log, delivery = Log(), await feedback_after(pool, repository)
    past = (CITIZEN, *(story.ACCEPTED if end == "resolved" else story.ROUTED)[1:])
    await delivery.deliver(log.records(*past))
    await supported(delivery, log, 11, 12, 12)
    await delivery.deliver(log.records(ENDS[end], first=len(past) + 1))
    messages = [(template, body) for template, body in await bodies(pool) if "supporter" in template]
    assert [template for template, _ in messages] == [f"supporter-{end}"] * 2
    async with pool.acquire() as db:
        kinds = await db.fetch(
            "SELECT body ->> 'channel_kind' AS channel_kind FROM intent WHERE body ->> 'template' LIKE 'supporter%'"
        )
    assert {row["channel_kind"] for row in kinds} == {"hotline"}
    assert all("/rate/" not in body for _, body in messages), "they do not rate for whoever raised it"


async def test_a_supporter_from_the_batch_that_ends_the_demand_gets_the_message_too(pool: Pool, repository: Repo):
    log, delivery = Log(), await feedback_after(pool, repository)
    fact = f.DemandSupported(channel_kind=f.ChannelKind.WEB, contact=UUID(int=11))
    batch = [*log.records(CITIZEN, *story.ACCEPTED[1:]), log.record(envelope(fact, None))]
    await delivery.deliver([*batch, *log.records(ENDS["resolved"], first=4)])
    assert [template for template, _ in await bodies(pool)][-2:] == ["resolved", "supporter-resolved"]


@pytest.mark.parametrize("past", [story.CLOSED, (*story.RESOLVED, f.DemandClosed(outcome=f.Outcome.UNRATED))])
async def test_the_thanks_for_a_rating_are_the_last_message(
    pool: Pool, repository: Repo, past: tuple[f.StatusFact, ...]
):
    await feedback_after(pool, repository, CITIZEN, *past[1:])
    last, _ = (await bodies(pool))[-1]
    assert last == ("confirmed" if past is story.CLOSED else "closed")


async def test_a_long_answer_is_shortened_in_the_message_and_complete_on_its_page(pool: Pool, repository: Repo):
    result = "路面已修复。" * 50
    await feedback_after(pool, repository, CITIZEN, *story.ACCEPTED[1:], f.DemandResolved(by="Chen", result=result))
    _, body = (await bodies(pool))[-1]
    assert len(LINK.sub("", body)) < SHORT + 40
    async with pool.acquire() as db:
        assert result in await db.fetchval("SELECT words ->> 'result' FROM milestone WHERE type = 'resolved'")


async def test_a_message_has_no_gap_for_an_unknown_value(pool: Pool, repository: Repo):
    await feedback_after(pool, repository, CITIZEN, f.DemandRouted(unit="gone", rule="dispatcher:Chen"))
    assert (await bodies(pool))[-1][1] == "您的诉求NH21-458268-0已交由承办单位办理。"


async def test_a_merged_demand_names_the_one_that_it_is_handled_with(pool: Pool, repository: Repo):
    merged = f.DemandMerged(parent=UUID(int=1), parent_number="NH21-000002-Y")
    await feedback_after(pool, repository, CITIZEN, *story.ROUTED[1:], merged)
    assert "NH21-000002-Y" in (await bodies(pool))[-1][1]


async def test_a_confidential_report_shows_its_text_and_unit_only_behind_the_link(pool: Pool, repository: Repo):
    report = CITIZEN.model_copy(update={"kind": f.RequestKind.REPORT})
    past = (*story.ACCEPTED[1:], f.DemandProgressed(by="Chen", note="已约谈"), ENDS["resolved"])
    unit = f.DemandRouted(unit="nh-coordinator", rule="r1")
    await feedback_after(pool, repository, report, unit, *past[1:])
    messages = dict(await bodies(pool))
    assert not re.search("约谈|修复|统筹|区长直通车", str(messages)), messages
    assert "承办单位" in messages["routed"]
    assert LINK.search(messages["resolved"])


async def test_every_link_begins_with_the_public_address_and_is_short(pool: Pool, repository: Repo):
    await feedback_after(
        pool, repository, CITIZEN, *story.ACCEPTED[1:], f.DemandProgressed(by="x", note="y"), ENDS["resolved"]
    )
    links = [link for _, body in await bodies(pool) for link in LINK.findall(body)]
    assert len(links) == 3
    assert all(link.startswith((f"{LINKS.public_url}/rate/", f"{LINKS.public_url}/follow/")) for link in links)
    assert max(map(len, links)) < 110


async def test_a_citizen_gets_messages_about_the_due_answer_and_not_about_internal_deadlines(
    pool: Pool, repository: Repo
):
    log, delivery = Log(), await feedback_after(pool, repository)
    await delivery.deliver(log.records(CITIZEN, *story.ROUTED[1:]))
    for n, stage in enumerate(f.Stage):
        for m, kind in enumerate((f.DeadlineWarned, f.DeadlineMissed)):
            note = envelope(kind(due_at=story.AT, stage=stage, unit="nh-tax"), None)
            await delivery.deliver([log.record(note._replace(id=UUID(int=200 + 10 * n + m)))])
    told_of = [template for template, _ in await bodies(pool) if "deadline" in template]
    assert told_of == ["deadline-warned", "deadline-missed"]


async def test_a_message_names_a_day_as_people_say_it(pool: Pool, repository: Repo):
    *past, last = story.ROUTED[1:]
    due = last.model_copy(update={"due_at": now()})
    await feedback_after(pool, repository, CITIZEN, *past, due)
    routed = dict(await bodies(pool))["routed"]
    assert re.search(r"，(\d{4}年)?\d{1,2}月\d{1,2}日前答复", routed), routed
