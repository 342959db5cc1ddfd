"""Intake's API in this process, on a real database and without any broker."""

from collections.abc import AsyncIterator

import httpx
import pytest

from services.intake import app, channels
from services.intake.settings import IntakeSettings
from shared.chassis.database import Pool, open_pool
from shared.chassis.http import web_app
from shared.contracts.facts import ChannelKind
from tests.keys import KEYS


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, "intake") as found:
        yield found


def settings(database: str) -> IntakeSettings:
    return IntakeSettings.model_validate(KEYS | {"DATABASE_URL": database})


@pytest.fixture
async def client(database: str, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """A channel's front end with its key."""
    key = await channels.add(pool, "web", ChannelKind.WEB, "Web")
    served = web_app("intake", app.api(settings(database), pool).routers)
    transport = httpx.ASGITransport(served, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers={"X-API-Key": key}) as found:
        yield found


@pytest.fixture
def key(client: httpx.AsyncClient) -> str:
    """The channel's key, for the argument `api_key`."""
    return str(client.headers["X-API-Key"])
