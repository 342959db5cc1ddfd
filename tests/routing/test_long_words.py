"""The event loop does not mask the long texts of staff."""

import httpx
import pytest

from services.routing import app
from services.routing.settings import RoutingSettings
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import open_pool
from tests import story
from tests.chassis.conftest import Log, apply_records
from tests.keys import KEYS
from tests.serving import masker_of, running
from tests.worst import ANSWER, HIDDEN_ANSWER, is_spared


@pytest.mark.parametrize("evidence", [(), (ANSWER,)])
@pytest.mark.usefixtures("own_processes")
async def test_a_long_text_of_a_command_is_masked_in_another_process(
    database: str, masked_here: list[str], evidence: tuple[str, ...]
):
    settings = RoutingSettings.model_validate(KEYS | {"DATABASE_URL": database})
    async with await open_pool(database, "routing") as pool:
        api = app.api(settings, pool)
        worker = app.worker(settings, pool)
        for first in worker.first:
            await first()
        delivery = Delivery(pool, worker.repositories, "cluster")
        await apply_records(delivery, Log().records(story.SUBMISSION, key=story.ID))
        number, unit = await pool.fetchrow("SELECT number, state ->> 'unit' FROM demand")
        staff = Tokens(settings.secret).write("staff", {"name": "陈", "unit": unit})
        async with running("routing", api) as application:
            headers = {"Authorization": f"Bearer {staff}"}
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url="http://routing", headers=headers) as client:
                resolve = {"result": "已修复" if evidence else ANSWER, "evidence": evidence}
                for command, body in (("accept", {}), ("resolve", resolve)):
                    path = f"/v1/cases/{number}/{command}"
                    answer = await client.post(path, json=body, headers={"Idempotency-Key": command})
                    assert answer.status_code == 200, answer.text
            process = masker_of(api).process._process
            assert process
        assert process.returncode is not None
        assert is_spared(masked_here)
        payload = await pool.fetchval("SELECT payload::text FROM journal WHERE type LIKE 'demand.resolved.%'")
    assert HIDDEN_ANSWER[:4000] in payload
