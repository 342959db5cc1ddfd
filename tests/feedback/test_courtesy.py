"""No messages are sent at night, and many messages at once become two."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications.courtesy import CourteousRecipients
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intents import Intent, Outcome, Sent
from shared.contracts.demand import facts as f
from shared.jurisdiction.courtesy import QuietHours
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from tests import story
from tests.chassis.conftest import Log, envelope
from tests.feedback.senders import LATER, Repo, feedback_after, message_kind_of, send_all
from tests.packs import nanhai, shipped

HERE = ZoneInfo("Asia/Shanghai")
CITIZEN = UUID(int=7)
RAISED = story.SUBMISSION.model_copy(update={"contact": CITIZEN})


def at(hour: int, minute: int = 0) -> datetime:
    """This time of day in Nanhai on a future day, so that messages that wait for it are not due yet."""
    day = now().astimezone(HERE).date() + timedelta(days=1)
    return datetime.combine(day, time(hour, minute), HERE)


@dataclass
class Phone:
    """A gateway that records the messages."""

    name: str = "phone"
    at_once: int = 8
    got: list[Intent] = field(default_factory=list)

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        self.got.append(intent)
        return Sent()

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def templates(self) -> list[str]:
        return [intent.body["template"] for intent in self.got]


def _without_quiet_hours() -> Pack:
    messages = nanhai().messages.model_copy(update={"quiet_hours": None})
    return nanhai().model_copy(update={"messages": messages})


@dataclass
class CourtesyHarness:
    """A sender with the test's clock, which follows the pack's rules on quiet hours and limits."""

    pool: Pool
    repository: Repo
    phone: Phone = field(default_factory=Phone)
    clock: datetime = field(default_factory=now)
    packs: Jurisdictions = field(default_factory=lambda: Jurisdictions([_without_quiet_hours()]))
    asked: int = 0

    def sender(self) -> IntentSender[Recipient]:
        kind = message_kind_of(self.repository, self.phone, self.packs)

        async def find(intents: Sequence[Intent]):
            self.asked += len(intents)
            return await kind.recipients(intents)

        courteous = CourteousRecipients(self.pool, find, self.packs, lambda: self.clock)
        return IntentSender(self.pool, replace(kind, recipients=courteous), lambda: story.AT, LATER, grace=0)

    async def send(self) -> None:
        await send_all(self.sender())

    async def pass_by(self, span: timedelta) -> None:
        """Move time on, in the database too."""
        self.clock += span
        async with self.pool.acquire() as db:
            await db.execute("UPDATE intent SET due_at = now() - interval '1 second' WHERE due_at <= $1", self.clock)
            await db.execute("UPDATE intent_reached SET at = at - $1::interval", span)

    async def waiting(self) -> list[tuple[str, datetime]]:
        """The reason why each message waits, and until when."""
        sql = "SELECT waits, due_at FROM intent WHERE state = 'pending' AND waits IS NOT NULL ORDER BY position"
        async with self.pool.acquire() as db:
            return [tuple(row) for row in await db.fetch(sql)]


@pytest.mark.parametrize(
    ("hours", "hour", "over"),
    [
        ("21:00-08:00", 20, None), ("21:00-08:00", 21, (1, 8)), ("21:00-08:00", 3, (0, 8)), ("21:00-08:00", 8, None),
        ("12:00-14:00", 13, (0, 14)), ("12:00-14:00", 11, None), ("12:00-14:00", 14, None),
    ],
)  # fmt: skip
def test_quiet_hours_follow_the_local_time_of_the_jurisdiction(hours: str, hour: int, over: tuple[int, int] | None):
    rules, day = QuietHours(hours=hours, spread_minutes=0), datetime(2026, 3, 7, tzinfo=HERE)
    end = rules.until(day.replace(hour=hour).astimezone(UTC), "Asia/Shanghai", "anybody")
    assert end == (day.replace(day=day.day + over[0], hour=over[1]) if over else None)


def test_messages_of_the_night_are_spread_over_the_morning_at_a_fixed_time_for_each_person():
    rules, night = QuietHours(hours="21:00-08:00", spread_minutes=30), at(23)
    moments = [rules.until(night, "Asia/Shanghai", str(n)) for n in range(600)]
    morning = at(8) + timedelta(days=1)
    minutes = [int((moment - morning).total_seconds() // 60) for moment in moments if moment]
    assert set(minutes) == set(range(30))
    assert max(map(minutes.count, range(30))) < 60
    assert moments[1] == rules.until(at(23, 30), "Asia/Shanghai", "1")


async def test_a_message_planned_at_night_waits_for_the_morning_without_looking_up_its_address(
    pool: Pool, repository: Repo
):
    harness = CourtesyHarness(pool, repository, clock=at(22), packs=shipped())
    await feedback_after(pool, repository, RAISED, *story.ACCEPTED[1:])
    await harness.send()
    assert harness.phone.templates == ["submitted"], "the receipt answers what the citizen has just done"
    ((reason, end),) = await harness.waiting()
    assert reason == "quiet-hours"
    assert at(8) + timedelta(days=1) <= end <= at(8, 30) + timedelta(days=1)
    assert harness.asked == 1
    await harness.pass_by(timedelta(hours=10, minutes=31))
    await harness.send()
    await harness.pass_by(timedelta(minutes=11))
    await harness.send()
    assert harness.phone.templates == ["submitted", "routed", "accepted"]


async def test_a_recovered_code_is_sent_at_night_although_other_messages_wait(pool: Pool, repository: Repo):
    harness, log = CourtesyHarness(pool, repository, clock=at(22), packs=shipped()), Log()
    delivery = await feedback_after(pool, repository)
    await delivery.deliver(log.records(RAISED, *story.ROUTED[1:]))
    await harness.send()
    assert [reason for reason, _ in await harness.waiting()] == ["quiet-hours"]
    await delivery.deliver([log.record(envelope(f.LinkRequested(), None))])
    await harness.send()
    assert harness.phone.templates == ["submitted", "link-requested"]


async def test_a_requested_link_does_not_wait_for_messages_that_the_hourly_limit_holds(pool: Pool, repository: Repo):
    at_once = _without_quiet_hours().messages.model_copy(update={"digest": None})
    frugal = nanhai().model_copy(update={"messages_per_hour": 1, "messages": at_once})
    harness, log = CourtesyHarness(pool, repository, packs=Jurisdictions([frugal])), Log()
    delivery = await feedback_after(pool, repository)
    await delivery.deliver(log.records(RAISED, *story.ROUTED[1:]))
    await harness.send()
    assert [reason for reason, _ in await harness.waiting()] == ["hourly-limit"]
    for _ in range(2):
        await delivery.deliver([log.record(envelope(f.LinkRequested(), None))])
        await harness.send()
    assert harness.phone.templates == ["submitted", "link-requested"], "links have an hourly limit of their own"


async def test_an_emergency_is_sent_at_night(pool: Pool, repository: Repo):
    harness = CourtesyHarness(pool, repository, clock=at(23), packs=shipped())
    urgent = f.DemandPrioritized(by="Chen", urgency=f.Urgency.CRITICAL, vulnerable=False, reason="燃气泄漏")
    await feedback_after(pool, repository, RAISED, *story.ROUTED[1:], urgent, f.DemandAccepted(by="Chen"))
    await harness.send()
    assert harness.phone.templates == ["submitted", "accepted"]
    assert [reason for reason, _ in await harness.waiting()] == ["quiet-hours"], "what was told before waits"


async def test_the_first_of_many_messages_to_one_person_is_sent_at_once_and_the_rest_as_one(
    pool: Pool, repository: Repo
):
    harness = CourtesyHarness(pool, repository)
    delivery, log = await feedback_after(pool, repository), Log()
    for n in range(1, 41):
        await delivery.deliver(log.records(RAISED, key=UUID(int=n)))
    await harness.send()
    assert harness.phone.templates == ["submitted"]
    assert harness.asked == 40, "each address once"
    await harness.pass_by(timedelta(minutes=11))
    await harness.send()
    assert harness.phone.templates == ["submitted", "digest"]
    text = harness.phone.got[1].body["text"]
    assert "等39件" in text
    assert "39条" in text
    assert text.count("http://here/follow/") == 3
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM intent WHERE state = 'merged'") == 38
    await harness.pass_by(timedelta(hours=1))
    await harness.send()
    assert len(harness.phone.got) == 2


async def test_five_notes_of_progress_become_two_messages_and_the_answer_stays_separate(pool: Pool, repository: Repo):
    harness = CourtesyHarness(pool, repository)
    notes = [f.DemandProgressed(by="Chen", note=f"第{n}步") for n in range(5)]
    await feedback_after(
        pool, repository, RAISED, *story.ACCEPTED[1:], *notes, f.DemandResolved(by="Chen", result="已修复")
    )
    await harness.send()
    await harness.pass_by(timedelta(minutes=11))
    await harness.send()
    assert harness.phone.templates == ["submitted", "digest", "resolved"]
    body = harness.phone.got[1].body
    assert (body["values"]["count"], body["values"].get("demands")) == ("7", None)
    assert body["text"].count("http") == 1


async def test_a_held_message_without_followers_is_sent_unchanged(pool: Pool, repository: Repo):
    harness = CourtesyHarness(pool, repository)
    await feedback_after(pool, repository, RAISED, *story.ROUTED[1:])
    await harness.send()
    assert [reason for reason, _ in await harness.waiting()] == ["digest"]
    await harness.pass_by(timedelta(minutes=11))
    await harness.send()
    assert harness.phone.templates == ["submitted", "routed"]


async def test_many_messages_to_one_person_do_not_delay_another_person(pool: Pool, repository: Repo):
    harness = CourtesyHarness(pool, repository)
    delivery, log = await feedback_after(pool, repository), Log()
    for n, contact in ((1, 7), (2, 7), (3, 8)):
        submission = story.SUBMISSION.model_copy(update={"contact": UUID(int=contact)})
        await delivery.deliver(log.records(submission, key=UUID(int=n)))
    await harness.send()
    assert [intent.body["contact"][-1] for intent in harness.phone.got] == ["7", "8"]
