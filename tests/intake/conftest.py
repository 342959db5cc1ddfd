"""Intake's API in this process, on a real database and without any broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from services.intake import app
from services.intake.channels import keys
from services.intake.channels.keys import key_cache
from services.intake.settings import IntakeSettings
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.publication import PublicPart
from tests import packs
from tests.built import Built
from tests.conftest import UNREACHABLE
from tests.databases import Databases
from tests.intake.visitor import Visitor
from tests.keys import KEYS
from tests.memory import Memory


@pytest.fixture
async def pool(databases: Databases, database: str) -> AsyncIterator[Pool]:
    opened = await databases.pool(database, "intake")
    memory = Memory.of(key_cache(opened))
    yield opened
    memory.restore()  # the next test may get the same pool, whose keys are gone


def settings(database: str) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})


@pytest.fixture
async def intake(intake_built: Built, pool: Pool) -> AsyncIterator[httpx.ASGITransport]:
    """Intake's application on the database of this test."""
    async with intake_built.on(pool) as application:
        yield httpx.ASGITransport(application, raise_app_exceptions=False)


@pytest.fixture
async def client(intake: httpx.ASGITransport, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a channel, with its key."""
    headers = {"X-API-Key": await keys.add(pool, "web", ChannelKind.WEB, "Web")}
    async with httpx.AsyncClient(transport=intake, base_url="http://intake", headers=headers) as opened:
        yield opened


@pytest.fixture
def key(client: httpx.AsyncClient) -> str:
    """The channel's key, for the argument `api_key`."""
    return str(client.headers["X-API-Key"])


def built_with(**changes: object) -> Built:
    """Intake with these settings, built once for several tests."""
    new_settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": UNREACHABLE} | changes)
    return Built("intake", partial(app.api, new_settings), keys.key_cache)


@asynccontextmanager
async def visiting(built: Built, pool: Pool) -> AsyncIterator[Visitor]:
    """A visitor of the pages of this intake, on the database of a test."""
    async with built.on(pool) as served:
        transport = httpx.ASGITransport(served, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            yield Visitor(client)


def showing(folder: Path, *shown: str) -> Built:
    """Intake with packs that publish these parts of a demand."""
    return built_with(jurisdictions_dir=packs.showing(folder, *shown))


@asynccontextmanager
async def reading(built: Built, pool: Pool, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with this key."""
    async with built.on(pool) as application:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://intake", headers={"X-API-Key": key}
        ) as opened:
            yield opened


@pytest.fixture(scope="session")
def open_pack_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return showing(tmp_path_factory.mktemp("wordy") / "packs", *PublicPart)


@pytest.fixture(scope="session")
def closed_pack_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return showing(tmp_path_factory.mktemp("silent") / "packs")


@pytest.fixture
async def open_reader(open_pack_built: Built, pool: Pool, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an intake whose pack publishes everything except confidential reports."""
    async with reading(open_pack_built, pool, key) as opened:
        yield opened


@pytest.fixture
async def closed_reader(closed_pack_built: Built, pool: Pool, key: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an intake whose pack publishes only number, status and dates."""
    async with reading(closed_pack_built, pool, key) as opened:
        yield opened
