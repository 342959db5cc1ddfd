"""Intake's API in this process, on a real database and without any broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.publication import Shown
from tests import packs
from tests.built import Built
from tests.conftest import UNREACHABLE
from tests.keys import KEYS


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake") as opened:
        yield opened


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
    async with httpx.AsyncClient(transport=intake, base_url="http://intake", headers=headers) as opened:
        yield opened


@pytest.fixture
def key(client: httpx.AsyncClient) -> str:
    """The channel's key, for the argument `api_key`."""
    return str(client.headers["X-API-Key"])


def showing(folder: Path, *shown: str) -> Built:
    """The same intake with packs that show the public these parts of a demand."""
    changed = settings(UNREACHABLE).model_copy(update={"jurisdictions_dir": packs.showing(folder, *shown)})
    return Built("intake", partial(app.api, changed), keys.key_cache)


@asynccontextmanager
async def reading(built: Built, pool: Pool, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A reader with this key."""
    async with built.on(pool) as served:
        transport = httpx.ASGITransport(served)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://intake", headers={"X-API-Key": key}
        ) as opened:
            yield opened


@pytest.fixture(scope="session")
def wordy_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return showing(tmp_path_factory.mktemp("wordy") / "packs", *Shown)


@pytest.fixture(scope="session")
def silent_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return showing(tmp_path_factory.mktemp("silent") / "packs")


@pytest.fixture
async def wordy(wordy_built: Built, pool: Pool, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A reader where everything but reports is shown."""
    async with reading(wordy_built, pool, key) as opened:
        yield opened


@pytest.fixture
async def silent(silent_built: Built, pool: Pool, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A reader where number, status and dates are shown."""
    async with reading(silent_built, pool, key) as opened:
        yield opened
