"""The content of several messages in one digest is not lost, whatever happens to the digest."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from services.feedback.gateways.recipients import Recipient
from services.feedback.notifications.courtesy import CourteousRecipients
from services.feedback.notifications.digests import despite_opt_out
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.chassis.work.intent_sender import IntentSender
from shared.chassis.work.intents import Found, Intent, NoRecipient, Outcome, Sent, TryAgain
from tests import story
from tests.chassis.conftest import Log
from tests.feedback.senders import LATER, Repo, feedback_after, message_kind_of
from tests.feedback.test_courtesy import CITIZEN, RAISED, CourtesyHarness, Phone

NAMESAKE = UUID(int=CITIZEN.int + 2**64)
"""Another contact with the same telephone."""
A_WHILE = timedelta(minutes=11)


@dataclass
class BusyPhone(Phone):
    """A gateway that returns other outcomes for digests at first."""

    answers: list[Outcome] = field(default_factory=list)

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        outcome = self.answers.pop() if self.answers and intent.body["template"] == "digest" else Sent()
        return await super().send(intent, recipient) if isinstance(outcome, Sent) else outcome


@dataclass
class Burst(CourtesyHarness):
    """All demands of one person come at once. `gone`: contacts to whom nothing may be sent; `meanwhile` runs while
    addresses are looked up."""

    gone: Callable[[Intent], bool] = lambda intent: False
    meanwhile: Callable[[], Awaitable[None]] | None = None
    log: Log = field(default_factory=Log)

    def sender(self) -> IntentSender[Recipient]:
        kind = message_kind_of(self.repository, self.phone, self.packs)

        async def find(intents: Sequence[Intent]) -> Found[Recipient]:
            if self.meanwhile:
                happens, self.meanwhile = self.meanwhile, None
                await happens()
            no_recipients = {intent.id: NoRecipient("nobody") for intent in intents if self.gone(intent)}
            return {**await kind.recipients(intents), **no_recipients}

        courteous = CourteousRecipients(self.pool, find, self.packs, lambda: self.clock)
        return IntentSender(self.pool, replace(kind, recipients=courteous), lambda: story.AT, LATER, grace=0)

    async def deliver(self, *contacts: UUID) -> Delivery:
        """Deliver the first demand, whose message is sent, and one of each of these contacts, whose messages wait to
        become one."""
        delivery = await feedback_after(self.pool, self.repository)
        for n, contact in enumerate((CITIZEN, *contacts), 1):
            submission = RAISED.model_copy(update={"contact": contact})
            await delivery.deliver(self.log.records(submission, key=UUID(int=n)))
        await self.send()
        assert self.phone.templates == ["submitted"]
        return delivery

    async def after_a_while(self) -> None:
        await self.pass_by(A_WHILE)
        await self.send()

    async def reaches_the_limit(self) -> None:
        """Use up the hourly limit of the address."""
        sql = """
            INSERT INTO intent_reached (intent_id, recipient, at)
            SELECT gen_random_uuid(), recipient, now() - interval '1 minute' FROM intent_reached, generate_series(1, 99)
            """
        async with self.pool.acquire() as db:
            await db.execute(sql)

    async def an_hour_later(self) -> None:
        async with self.pool.acquire() as db:
            await db.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")
        for _ in range(3):
            await self.pass_by(timedelta(hours=1))
            await self.send()

    async def execute(self, sql: str) -> None:
        async with self.pool.acquire() as db:
            await db.execute(sql)

    def has_message_about(self, demand: int) -> bool:
        """Whether a message about this demand was sent."""
        return any(f"{demand:06}" in str(intent.body["text"]) for intent in self.phone.got)

    async def held_for(self) -> list[str]:
        return [reason for reason, _ in await self.waiting()]


FIRST_WAITING = "(SELECT id FROM intent WHERE state = 'pending' ORDER BY position LIMIT 1)"


async def test_the_digest_is_sent_although_a_later_message_replaced_its_first(pool: Pool, repository: Repo):
    burst = Burst(pool, repository)
    delivery = await burst.deliver(CITIZEN, CITIZEN, CITIZEN)
    await burst.pass_by(A_WHILE)
    await burst.reaches_the_limit()
    await burst.send()
    assert "hourly-limit" in await burst.held_for()
    await delivery.deliver(burst.log.records(*story.ROUTED[1:], first=2, key=UUID(int=2)))
    await burst.an_hour_later()
    assert all(map(burst.has_message_about, (2, 3, 4)))


async def test_no_message_overtakes_a_digest(pool: Pool, repository: Repo):
    burst = Burst(pool, repository, BusyPhone(answers=[TryAgain("busy")]))
    delivery = await burst.deliver(CITIZEN, CITIZEN)
    await burst.after_a_while()
    assert await burst.held_for() == ["retry"]
    await burst.execute("UPDATE intent SET due_at = now() WHERE state = 'pending'")
    await burst.execute("INSERT INTO intent_reached SELECT gen_random_uuid(), recipient, now() FROM intent_reached")
    await burst.reaches_the_limit()
    await burst.send()
    assert await burst.held_for() == ["hourly-limit"]
    await delivery.deliver(burst.log.records(*story.ROUTED[1:], first=2, key=UUID(int=2)))
    await burst.an_hour_later()
    assert burst.phone.templates == ["submitted", "digest", "routed"]
    assert burst.has_message_about(3)


async def test_the_others_are_sent_if_the_first_contact_was_erased(pool: Pool, repository: Repo):
    burst = Burst(pool, repository)
    await burst.deliver(NAMESAKE, CITIZEN, CITIZEN)
    burst.gone = lambda intent: intent.body["contact"] == str(NAMESAKE)
    await burst.after_a_while()
    await burst.after_a_while()
    assert [burst.has_message_about(demand) for demand in (2, 3, 4)] == [False, True, True]


async def test_the_others_are_sent_if_the_first_contact_is_erased_while_the_gateway_is_busy(
    pool: Pool, repository: Repo
):
    burst = Burst(pool, repository, BusyPhone(answers=[TryAgain("busy")]))
    await burst.deliver(NAMESAKE, CITIZEN, CITIZEN)
    await burst.after_a_while()
    assert await burst.held_for() == ["retry"]
    burst.gone = lambda intent: intent.body["contact"] == str(NAMESAKE)
    await burst.an_hour_later()
    assert [burst.has_message_about(demand) for demand in (2, 3, 4)] == [False, True, True]


async def test_the_others_are_sent_if_the_first_was_sent_by_another_message(pool: Pool, repository: Repo):
    burst = Burst(pool, repository)
    await burst.deliver(CITIZEN, CITIZEN, CITIZEN)
    await burst.execute(
        f"UPDATE intent SET about = (SELECT about FROM intent WHERE state = 'sent') WHERE id = {FIRST_WAITING}"
    )
    await burst.after_a_while()
    await burst.after_a_while()
    assert [burst.has_message_about(demand) for demand in (2, 3, 4)] == [False, True, True]


async def test_an_opt_out_does_not_stop_a_receipt_in_a_digest(pool: Pool, repository: Repo):
    burst = Burst(pool, repository, BusyPhone(answers=[TryAgain("busy")]))
    delivery = await burst.deliver(CITIZEN, CITIZEN)
    await delivery.deliver(burst.log.records(*story.ROUTED[1:], first=2, key=UUID(int=2)))
    burst.gone = lambda intent: not despite_opt_out(intent, burst.packs)
    await burst.after_a_while()
    assert await burst.held_for() == ["retry"]
    await burst.an_hour_later()
    assert burst.phone.templates == ["submitted", "digest"]
    assert (burst.has_message_about(2), burst.has_message_about(3)) == (True, True)
    assert burst.phone.got[1].body["values"]["count"] == "2", "the receipts alone"


async def test_the_others_are_sent_if_the_first_is_cancelled_meanwhile(pool: Pool, repository: Repo):
    burst = Burst(pool, repository)
    await burst.deliver(CITIZEN, CITIZEN, CITIZEN)

    async def cancelled() -> None:
        await burst.execute(f"UPDATE intent SET state = 'cancelled', finished_at = now() WHERE id = {FIRST_WAITING}")

    burst.meanwhile = cancelled
    await burst.after_a_while()
    await burst.after_a_while()
    assert [burst.has_message_about(demand) for demand in (2, 3, 4)] == [False, True, True]
