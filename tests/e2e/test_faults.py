"""Whatever is killed in the middle of an import, nothing is lost and nothing is counted twice."""

import asyncio
import json
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from deploy.cli.channels import keys
from deploy.local.deployment import Running
from tests.e2e.conftest import huying
from tests.e2e.fold import assert_views_equal_journals
from tests.eventually import eventually
from tests.independent.myla311 import figures, size

pytestmark = [pytest.mark.faults, pytest.mark.kafka]
VICTIMS = (
    "routing-worker", "feedback-worker", "reporting-projector", "intake-worker", "gateway", "broker",
    "reporting-projector", "routing-worker", "feedback-worker",
)  # fmt: skip


async def told(dsn: str) -> int:
    """How many facts the journals hold."""
    db = await asyncpg.connect(dsn)
    try:
        return int(
            await db.fetchval(
                "SELECT (SELECT count(*) FROM intake.journal) + (SELECT count(*) FROM routing.journal)"
                " + (SELECT count(*) FROM feedback.journal)"
            )
        )
    finally:
        await db.close()


async def alive(running: Running, name: str) -> bool:
    """Whether it is there to be killed; whoever lost the broker may be starting again."""
    return running.supervisors[name].child.alive


async def test_every_process_and_the_broker_are_killed_during_the_import(
    running: Running, long_file: Path, tmp_path: Path
):
    dsn, between_kills = running.runtime.database_url, size(long_file) // 4
    importing = huying(running, "import", str(long_file), "--mapping", "myla311", "--no-wait", cwd=tmp_path)
    for number, victim in enumerate(VICTIMS, 1):
        await eventually(lambda: told(dsn), lambda facts, least=number * between_kills: facts >= least, within=120)
        await eventually(partial(alive, running, victim), bool, within=60)
        running.kill(victim)
    said, _ = await asyncio.to_thread(importing.communicate, timeout=400)
    assert importing.returncode == 0, said

    async def restarts() -> int:
        return sum(keeper.restarts for keeper in running.supervisors.values())

    await eventually(restarts, lambda count: count >= len(VICTIMS))
    expected = figures(long_file)["month"]["2017-12"]

    async def visible() -> dict[str, int]:
        async with httpx.AsyncClient(base_url=running.url) as client:
            try:
                answer = await client.get("/v1/figures/completion", params={"jurisdiction": "losangeles"})
            except httpx.TransportError:
                return {}
        return dict(answer.json()["total"]["statuses"])

    await eventually(visible, lambda statuses: statuses == expected, within=180)
    assert len(await assert_views_equal_journals(dsn)) == size(long_file)


async def test_a_demand_is_taken_while_the_broker_is_away(running: Running):
    key = keys(running.options.directory / "channels.json")["web"]
    keeper = running.supervisors["broker"]
    await keeper.stop()
    async with httpx.AsyncClient(base_url=running.url, headers={"X-API-Key": key}) as client:
        body = {"title": "路面破损", "division": "440605011001", "category": "road-damage"}
        answer = await client.post("/v1/demands", json=body, headers={"Idempotency-Key": "broker-away"})
        assert answer.status_code == 201, answer.text
        number = answer.json()["number"]
        await keeper.start()

        async def status() -> str:
            found = await client.get(f"/v1/demands/{number}")
            return str(found.json().get("status"))

        await eventually(status, lambda said: said == "routed", within=60)


async def test_messages_wait_while_intake_is_away_and_go_out_once(running: Running):
    key = keys(running.options.directory / "channels.json")["web"]
    gateway = running.supervisors["gateway"]
    body = {"title": "路面破损", "division": "440605011001", "category": "road-damage"}
    # Each from a telephone of its own: one gets so many messages an hour.
    bodies = [body | {"contact": {"phone": f"138{n:04}8000"}} for n in range(20)]
    async with httpx.AsyncClient(base_url=running.url, headers={"X-API-Key": key}) as client:
        answers = [
            await client.post("/v1/demands", json=body, headers={"Idempotency-Key": f"waits-{n}"})
            for n, body in enumerate(bodies)
        ]
    await gateway.stop()
    wanted = sorted((answer.json()["id"], what) for answer in answers for what in ("routed", "submitted"))
    dsn = running.runtime.database_url
    await eventually(lambda: messages_of(dsn, wanted), lambda count: count == len(wanted), within=60)
    await gateway.start()

    async def told_to() -> list[tuple[str, str]]:
        path = running.options.directory / "messages.jsonl"
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
        assert all(one["to"] == "138****8000" for one in found)
        return sorted((one["demand_id"], one["template"]) for one in found)

    await eventually(told_to, lambda found: found == wanted, within=60)


async def messages_of(dsn: str, wanted: list[tuple[str, str]]) -> int:
    """How many of these messages feedback knows of."""
    db = await asyncpg.connect(dsn)
    try:
        ids = [UUID(id) for id, _ in wanted]
        return int(await db.fetchval("SELECT count(*) FROM feedback.intent WHERE key = ANY($1)", ids))
    finally:
        await db.close()


async def test_the_database_away_is_said_and_nothing_is_half_taken(running: Running):
    key = keys(running.options.directory / "channels.json")["web"]
    keeper = running.supervisors["postgres"]
    body = {"title": "路面破损", "division": "440605011001", "category": "road-damage"}
    headers = {"X-API-Key": key, "Idempotency-Key": "database-away"}
    await keeper.stop()
    async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
        refused = await client.post("/v1/demands", json=body, headers=headers)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True), refused.text
        await keeper.start()

        async def again() -> int:
            return (await client.post("/v1/demands", json=body, headers=headers)).status_code

        await eventually(again, lambda code: code == 201)
    db = await asyncpg.connect(running.runtime.database_url)
    taken = await db.fetchval("SELECT count(*) FROM intake.submission WHERE idempotency_key = 'database-away'")
    await db.close()
    assert taken == 1
