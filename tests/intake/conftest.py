"""Intake's API in this process, on a real database and without any broker."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.publication import Shown
from tests import packs
from tests.built import Built
from tests.keys import KEYS


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake") as found:
        yield found


def settings(database: str) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})


@pytest.fixture
async def intake(intake_built: Built, pool: Pool) -> AsyncIterator[httpx.ASGITransport]:
    """Intake on the database of this test, as it was built."""
    async with intake_built.on(pool) as served:
        yield httpx.ASGITransport(served, raise_app_exceptions=False)


@pytest.fixture
async def client(intake: httpx.ASGITransport, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """A channel's front end with its key."""
    headers = {"X-API-Key": await keys.add(pool, "web", ChannelKind.WEB, "Web")}
    async with httpx.AsyncClient(transport=intake, base_url="http://intake", headers=headers) as found:
        yield found


@pytest.fixture
def key(client: httpx.AsyncClient) -> str:
    """The channel's key, for the argument `api_key`."""
    return str(client.headers["X-API-Key"])


async def showing(database: str, pool: Pool, key: str, folder: Path, *shown: str) -> AsyncIterator[httpx.AsyncClient]:
    """The same intake with packs that show the public these parts of a demand."""
    changed = settings(database).model_copy(update={"jurisdictions_dir": packs.showing(folder, *shown)})
    served = web_app("intake", app.api(changed, pool).routers)
    transport = httpx.ASGITransport(served)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": key}) as found:
        yield found


@pytest.fixture
async def wordy(database: str, pool: Pool, key: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A reader where everything but reports is shown."""
    async for found in showing(database, pool, key, tmp_path / "wordy", *Shown):
        yield found


@pytest.fixture
async def silent(database: str, pool: Pool, key: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A reader where number, status and dates are shown."""
    async for found in showing(database, pool, key, tmp_path / "silent"):
        yield found
