"""The event loop does not mask the long comment of a citizen who rates an answer."""

import json

import httpx
import pytest

from services.feedback import app
from services.feedback.settings import FeedbackSettings
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from tests import story
from tests.chassis.conftest import Log, apply_records
from tests.keys import KEYS
from tests.serving import masker_of, running
from tests.worst import HIDDEN, SAID, is_spared


@pytest.mark.usefixtures("own_processes")
async def test_a_long_comment_of_a_verdict_is_masked_in_another_process(
    database: str, pool: Pool, masked_here: list[str]
):
    settings = FeedbackSettings.model_validate(KEYS | {"DATABASE_URL": database})
    delivery = Delivery(pool, app.worker(settings, pool).repositories, "cluster")
    await apply_records(delivery, Log().records(*story.RESOLVED, key=story.ID))
    token = Tokens(settings.secret).write("rate", {"demand": str(story.ID)})
    verdict = {"rating": 1, "solved": False, "comment": SAID[:2000]}
    api = app.api(settings, pool)
    async with running("feedback", api) as application:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://feedback") as client:
            answers = [await client.post(f"/v1/ratings/{token}", json=verdict) for _ in range(2)]
        process = masker_of(api).process._process
        assert process
    assert process.returncode is not None
    assert {answer.status_code for answer in answers} == {201}, answers[0].text
    assert is_spared(masked_here)
    async with pool.acquire() as db:
        (row,) = await db.fetch("SELECT payload FROM journal WHERE type LIKE 'demand.reopened.%'")
    reason = json.loads(row["payload"])["reason"]
    assert reason == HIDDEN[: len(reason)]
    assert len(reason) > 2000
