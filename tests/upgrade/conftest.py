"""The database of the version before, as it was written by it, with every migration of this version applied.

`before/` was made by that version: seven demands in different states, and what it told until the last of them.
"""

import json
import shutil
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
import pytest

from deploy.cli.services import manifests
from services.intake.channels import keys
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database import migrate as migrations
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.topics import DEMAND_EVENTS
from tests.conftest import Server, fresh_database
from tests.keys import KEYS
from tests.upgrade.released import of_today

BEFORE: Final = Path(__file__).parent / "before"
LAST: Final = "20261129120000"
"""No migration of the version that wrote it is newer."""


def expected() -> dict[str, Any]:
    """What the version before answered."""
    found: dict[str, Any] = json.loads((BEFORE / "expected.json").read_text("utf-8"))
    return found


def records() -> list[Record]:
    """What had been told, as it lies on the topic."""
    lines = map(json.loads, (BEFORE / "records.jsonl").read_text("utf-8").splitlines())
    return [
        Record(
            DEMAND_EVENTS.name, 0, offset, line["key"].encode(),
            tuple((name, value.encode()) for name, value in line["headers"].items()), line["value"].encode(),
        )
        for offset, line in enumerate(lines)
    ]  # fmt: skip


@dataclass
class Upgraded:
    """The deployment under this version: each service's pool, API and reader."""

    pools: dict[str, Pool]
    webs: dict[str, httpx.AsyncClient]
    readers: dict[str, Delivery]
    key: str
    before: dict[str, Any]

    @property
    def staff(self) -> dict[str, str]:
        """The headers of the coordinator's people."""
        person = {"name": "陈", "unit": "nh-coordinator", "roles": ["personal-data"]}
        return {"Authorization": f"Bearer {Tokens(KEYS['secret']).write('staff', person)}"}

    def number(self, n: int) -> str:
        """The number of the nth demand."""
        found: str = self.before["numbers"][str(n)]["number"]
        return found

    def link(self, n: int) -> str:
        """The token of the nth demand's link."""
        return Tokens(KEYS["secret"]).write("rate", {"demand": self.before["numbers"][str(n)]["id"]})


@pytest.fixture
async def upgraded(postgres: Server, tmp_path: Path) -> AsyncIterator[Upgraded]:
    """What the version before left behind, migrated and opened by this version."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(fresh_database(postgres, "template1"))
        await _as_it_was(database, tmp_path)
        for service in manifests():
            await migrations.migrate(database, service.name, service.migrations)
        pools, webs, readers = {}, {}, {}
        for service in manifests():
            settings = service.settings.model_validate(KEYS | {"DATABASE_URL": database})
            pool = pools[service.name] = await stack.enter_async_context(await open_pool(database, service.name))
            transport = httpx.ASGITransport(web_app(service.name, service.api(settings, pool).routers))
            client = httpx.AsyncClient(transport=transport, base_url=f"http://{service.name}")
            webs[service.name] = await stack.enter_async_context(client)
            readers[service.name] = Delivery(pool, service.worker(settings, pool).repositories, "cluster")
        key = await keys.rotate(pools["intake"], "web", timedelta(0))
        yield Upgraded(pools, webs, readers, key, expected())


async def _as_it_was(database: str, folder: Path) -> None:
    await schemas_of(database, folder, [name for name, path in of_today() if path.name < LAST])
    db = await asyncpg.connect(database)
    await db.execute((BEFORE / "data.sql").read_text("utf-8"))
    await db.close()


async def schemas_of(database: str, folder: Path, names: Collection[str]) -> None:
    """The schemas of an earlier version, made by its migrations (`SERVICE/FILE`), which are copied into a folder."""
    for name, path in of_today():
        if name in names:
            copy = folder / name
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(path, copy)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrations, "CHASSIS", folder / "chassis")
        for service in manifests():
            await migrations.migrate(database, service.name, folder / service.name)
