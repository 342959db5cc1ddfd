"""Fixtures of the board's tests: its database, the projector, and a client of its pages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest

from services.reporting import app
from services.reporting.settings import ReportingSettings
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.numbers import number
from tests import story
from tests.chassis.conftest import Log
from tests.databases import Databases
from tests.keys import KEYS

ATTACK = "<script>alert('1')</script>路面破损"


@pytest.fixture
async def pool(databases: Databases, database: str) -> Pool:
    return await databases.pool(database, "reporting")


@pytest.fixture
def delivery(database: str, pool: Pool) -> Delivery:
    return delivery_of(database, pool)


def delivery_of(database: str, pool: Pool) -> Delivery:
    settings = ReportingSettings.model_validate(KEYS | {"DATABASE_URL": database})
    return Delivery(pool, app.projector(settings, pool).repositories, "cluster")


@asynccontextmanager
async def opened(database: str, pool: Pool, delivery: Delivery) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the pages with three demands, one of which has an attack as its title."""
    settings = ReportingSettings.model_validate(KEYS | {"DATABASE_URL": database})
    submission = story.SUBMISSION.model_copy(update={"title": ATTACK, "number": "NH21-000003-S"})
    log = Log()
    for n, past in enumerate((story.CLOSED, story.ROUTED), 1):
        numbered = story.SUBMISSION.model_copy(update={"number": number("NH", 2021, n)})
        await delivery.deliver(log.records(numbered, *past[1:], key=UUID(int=n)))
    await delivery.deliver(log.records(submission, key=UUID(int=3)))
    transport = httpx.ASGITransport(web_app("reporting", app.api(settings, pool).routers))
    async with httpx.AsyncClient(transport=transport, base_url="http://reporting") as client:
        yield client


@pytest.fixture
async def browser(database: str, pool: Pool, delivery: Delivery) -> AsyncIterator[httpx.AsyncClient]:
    """A client with three demands; a test may add others."""
    async with opened(database, pool, delivery) as client:
        yield client


@pytest.fixture(scope="module")
async def reader(databases: Databases) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the same three demands, shared by all tests of a module that only read."""
    async with (
        databases.fresh() as database,
        await open_pool(database, "reporting") as pool,
        opened(database, pool, delivery_of(database, pool)) as client,
    ):
        yield client
