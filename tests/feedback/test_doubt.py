"""What waited when a database was restored, and may have gone out since, is not sent: it is told that nobody knows."""

from datetime import timedelta

from deploy.cli.after_restore import CAUSE
from services.feedback.notifications.sending import messages
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.work.intent_reports import doubt
from tests.feedback.office import Book, heard, told_here
from tests.feedback.test_sending import WITH_CONTACT
from tests.packs import shipped

STATES = "SELECT state, count(*) FROM intent GROUP BY state"


async def nobody(intents: object) -> dict[object, object]:
    """Whom messages are for."""
    return {}


async def test_a_message_that_was_due_by_then_is_unknown_and_one_that_was_not_still_waits(pool: Pool, repository: Book):
    await heard(pool, repository, WITH_CONTACT)
    kind = messages(repository, nobody, (), shipped())  # type: ignore[arg-type]
    async with pool.acquire() as db, db.transaction():
        waiting = await db.fetchval("SELECT count(*) FROM intent WHERE state = 'pending'")
        assert waiting > 0
        assert await doubt(db, kind, now() - timedelta(days=1), CAUSE, now()) == 0
        assert await doubt(db, kind, now() + timedelta(days=1), CAUSE, now()) == waiting
        assert await doubt(db, kind, now() + timedelta(days=1), CAUSE, now()) == 0
    assert dict(await pool.fetch(STATES)) == {"unknown": waiting}
    assert await told_here(pool) == ["demand.notification-failed.v1"] * waiting
