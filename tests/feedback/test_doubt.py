"""Messages that were due when a database was restored may have been sent before: they become unknown and are not
sent."""

from datetime import timedelta

from deploy.cli.after_restore import CAUSE
from services.feedback.notifications.sending import messages
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.work.intent_reports import doubt
from tests.feedback.senders import Repo, feedback_after, recorded_types
from tests.feedback.test_sending import WITH_CONTACT
from tests.packs import shipped

STATES = "SELECT state, count(*) FROM intent GROUP BY state"


async def nobody(intents: object) -> dict[object, object]:
    """The recipients of messages: nobody."""
    return {}


async def test_a_message_that_was_due_by_then_is_unknown_and_one_that_was_not_still_waits(pool: Pool, repository: Repo):
    await feedback_after(pool, repository, WITH_CONTACT)
    kind = messages(repository, nobody, (), shipped())  # type: ignore[arg-type]
    async with pool.acquire() as db, db.transaction():
        pending = await db.fetchval("SELECT count(*) FROM intent WHERE state = 'pending'")
        assert pending > 0
        assert await doubt(db, kind, now() - timedelta(days=1), CAUSE, now()) == 0
        assert await doubt(db, kind, now() + timedelta(days=1), CAUSE, now()) == pending
        assert await doubt(db, kind, now() + timedelta(days=1), CAUSE, now()) == 0
    assert dict(await pool.fetch(STATES)) == {"unknown": pending}
    assert await recorded_types(pool) == ["demand.notification-failed.v1"] * pending
