"""Both generated clients submit, follow, supplement and list demands, and are refused, over a real port."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.local.ports import free_port
from services.feedback.webhooks.signing import new_secret, signed_headers
from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import server, web_app
from shared.contracts.demand.facts import ChannelKind
from tests.keys import KEYS

pytestmark = pytest.mark.sdk
HERE = Path(__file__).parent
SDK = HERE.parents[1] / "build" / "sdk"
TOLD = [
    "demand.link-requested.v1",
    "demand.publication-allowed.v1",
    "demand.publication-refused.v1",
    "demand.submitted.v1",
    "demand.submitted.v1",
    "demand.supplemented.v1",
]
TSC = ["--strict", "--target", "ES2022", "--module", "NodeNext", "--lib", "ES2022,DOM"]


@dataclass(frozen=True, slots=True)
class Intake:
    """An API that listens, a channel's key, and the database behind it."""

    url: str
    key: str
    pool: Pool


@pytest.fixture
async def intake(database: str) -> AsyncIterator[Intake]:
    async with await open_pool(database, "intake") as pool:
        key = await keys.add(pool, "web", ChannelKind.WEB, "Web")
        settings, port = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database}), free_port()
        web = server(web_app("intake", app.api(settings, pool).routers), "127.0.0.1", port)
        serving = asyncio.create_task(web.serve())
        yield Intake(f"http://127.0.0.1:{port}", key, pool)
        web.should_exit = True
        await serving


async def run(*command: str | Path, cwd: Path | None = None, **env: str) -> None:
    """Run a program of the SDKs' own environment, with its node where the system has none."""
    path = f"{SDK / 'tools' / 'bin'}:{os.environ['PATH']}"
    program = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, env={**os.environ, "PATH": path, **env},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 0, said.decode()


async def told(pool: Pool) -> list[str]:
    """The facts in intake's journal, by type."""
    async with pool.acquire() as db:
        return [row["type"] for row in await db.fetch("SELECT type FROM journal ORDER BY type")]


async def test_a_channel_is_written_with_the_python_client(intake: Intake):
    tools, client = SDK / "tools" / "bin", str(SDK / "python")
    await run(tools / "mypy", "--strict", "--cache-dir", SDK / ".mypy_cache", HERE / "drive.py", MYPYPATH=client)
    await run(tools / "python", HERE / "drive.py", intake.url, intake.key, PYTHONPATH=client)
    assert await told(intake.pool) == TOLD


async def test_a_channel_is_written_with_the_typescript_client(intake: Intake):
    package = SDK / "typescript"
    shutil.copy(HERE / "drive.ts", package)
    await run(package / "node_modules" / ".bin" / "tsc", *TSC, "drive.ts", cwd=package)
    await run("node", "drive.js", intake.url, intake.key, cwd=package)
    assert await told(intake.pool) == TOLD


async def test_a_webhook_is_verified_with_the_library_of_standard_webhooks_for_node():
    at, body, event = datetime.now(UTC), '{"words":"村口路灯不亮"}', uuid4()
    keys = [new_secret(), new_secret()]
    headers = dict(signed_headers(event, at, body, keys))
    package = SDK / "typescript"
    shutil.copy(HERE / "verify.mjs", package)
    for key in keys:
        await run("node", "verify.mjs", json.dumps({"key": key, "body": body, "headers": headers}), cwd=package)
