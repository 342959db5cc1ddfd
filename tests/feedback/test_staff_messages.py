"""Units get messages at their duty addresses: one each morning, emergencies and escalations at once."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.notifications.projection import notification_projection
from services.feedback.notifications.staff_notices import next_morning
from services.feedback.notifications.staff_recipients import DutyRecipients
from services.feedback.ratings.domain import Reaction
from shared.chassis.aggregates.repository import Repository
from shared.chassis.database.pool import Pool
from shared.chassis.work.intent_sender import IntentSender
from shared.contracts.demand import facts as f
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from shared.jurisdiction.courtesy import DutyAddress, StaffNews
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.notices import Notice
from shared.jurisdiction.pack import Pack
from tests import story
from tests.chassis.conftest import Log, envelope
from tests.feedback.senders import (
    LATER,
    LINKS,
    Repo,
    feedback_after,
    message_kind_of,
    recorded_types,
    send_all,
)
from tests.feedback.test_courtesy import Phone, at
from tests.packs import nanhai

UNIT = "nh-coordinator"
DUTY = {UNIT: (DutyAddress(email="duty@nanhai.example"),)}
RAISED = story.SUBMISSION.model_copy(update={"title": "陈先生家门口", "contact": None})
ROUTED = f.DemandRouted(unit=UNIT, rule="r1", due_at=story.AT)
MISSED = f.DeadlineMissed(due_at=story.AT, stage=f.Stage.RESOLVE, unit=UNIT)
ESCALATED = f.DemandEscalated(to=UNIT, reason="超时未办，群众李女士来电 13800138000")


def with_duty(**rules: Any) -> Pack:
    messages = nanhai().messages.model_copy(update={"staff": StaffNews(duty=DUTY, **rules)})
    return nanhai().model_copy(update={"messages": messages})


class Desk:
    """Feedback with a pack whose units have duty addresses."""

    def __init__(self, pool: Pool, **rules: Any) -> None:
        self.packs, self.pool, self.mailbox, self.now = Jurisdictions([with_duty(**rules)]), pool, Phone(), at(20)
        projection = notification_projection(self.packs, LINKS)
        self.repository: Repo = Repository("demand", demand_rules(Service.FEEDBACK, Reaction(self.packs)), projection)
        self.log = Log()

    async def deliver(self, *notes: f.NoteFact, demands: int = 1) -> None:
        """Deliver demands that were routed to the unit, with these notes on each."""
        delivery = await feedback_after(self.pool, self.repository)
        for n in range(demands):
            key = UUID(int=n + 1)
            await delivery.deliver(self.log.records(RAISED, ROUTED, key=key))
            for m, note in enumerate(notes):
                note_envelope = envelope(note, None, key, self.now.astimezone(UTC))
                await delivery.deliver(
                    [self.log.record(note_envelope._replace(id=UUID(int=1000 * n + m + 7), source="/services/routing"))]
                )

    async def sends(self) -> None:
        kind = message_kind_of(self.repository, self.mailbox, self.packs)
        use = dict.fromkeys(ContactMethod, self.mailbox.name)
        duty = DutyRecipients(kind.recipients, self.packs, use, {self.mailbox.name}, "s" * 40, lambda: self.now)
        sender: IntentSender[Recipient] = IntentSender(
            self.pool, replace(kind, recipients=duty), lambda: story.AT, LATER, grace=0
        )
        await send_all(sender)

    async def morning_comes(self) -> None:
        async with self.pool.acquire() as db:
            self.now = await db.fetchval("SELECT max(due_at) FROM intent WHERE state = 'pending'")
            await db.execute("UPDATE intent SET due_at = now() - interval '1 second'")


async def test_overdue_cases_are_one_message_to_the_unit_in_the_morning(pool: Pool):
    desk = Desk(pool)
    await desk.deliver(MISSED, demands=12)
    await desk.sends()
    assert desk.mailbox.got == []
    await desk.morning_comes()
    await desk.sends()
    (message,) = desk.mailbox.got
    text = message.body["text"]
    assert message.body["template"] == "staff-digest"
    assert "等12件" in text
    assert text.count("http://here/desk/cases/NH21-") == 10
    assert text.count("已超时") == 10
    assert "陈先生" not in text, "no words of citizens"


async def test_an_escalation_is_sent_at_once_and_without_its_reason(pool: Pool):
    desk = Desk(pool)
    await desk.deliver(MISSED, ESCALATED)
    await desk.sends()
    (message,) = desk.mailbox.got
    assert message.body["template"] == "staff-escalated"
    assert "138" not in message.body["text"]
    assert "/desk/cases/" in message.body["text"]
    await desk.morning_comes()
    await desk.sends()
    assert desk.mailbox.templates == ["staff-escalated", "staff-deadline-missed"], "one alone is sent as it is"
    assert await recorded_types(pool) == [], "the demand's record has the facts themselves"


async def test_an_emergency_is_sent_at_once(pool: Pool):
    desk = Desk(pool)
    urgent = f.DemandPrioritized(by="Chen", urgency=f.Urgency.CRITICAL, vulnerable=False, reason="燃气泄漏")
    delivery = await feedback_after(pool, desk.repository)
    await delivery.deliver(desk.log.records(RAISED, ROUTED, urgent))
    await delivery.deliver([desk.log.record(envelope(MISSED, None, at=desk.now.astimezone(UTC)))])
    await desk.sends()
    assert desk.mailbox.templates == ["staff-deadline-missed"]


async def test_the_pack_says_which_messages_units_get(pool: Pool):
    desk = Desk(pool, told=(Notice.STAFF_ROUTED,), at_once=(Notice.STAFF_ROUTED,))
    await desk.deliver(MISSED)
    await desk.sends()
    assert desk.mailbox.templates == ["staff-routed"]


async def test_a_unit_without_a_duty_address_gets_no_message(pool: Pool):
    desk = Desk(pool)
    await desk.deliver(f.DeadlineMissed(due_at=story.AT, stage=f.Stage.RESOLVE, unit="nh-tax"))
    async with pool.acquire() as db:
        assert await db.fetchval("SELECT count(*) FROM intent WHERE body ? 'duty'") == 0


@pytest.mark.parametrize(
    ("happened", "expected"),
    [
        ("2021-05-10T20:00+08:00", "2021-05-11T08:30+08:00"),
        ("2021-05-10T03:00+08:00", "2021-05-10T08:30+08:00"),
        ("2021-05-14T09:00+08:00", "2021-05-17T08:30+08:00"),  # over a weekend
    ],
)
def test_the_morning_is_that_of_the_next_working_day(happened: str, expected: str):
    assert next_morning(with_duty(), datetime.fromisoformat(happened)) == datetime.fromisoformat(expected)
