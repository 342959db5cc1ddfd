"""Fixtures: routing's API on a real database, and a repository that applies facts without recording any."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.routing.cases.api import routes
from services.routing.cases.handler import CaseHandler
from services.routing.cases.projection import CASES
from services.routing.units import api as units
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool
from shared.chassis.http.app import web_app
from shared.contracts.demand import facts as f
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from shared.contracts.numbers import number
from shared.identity.staff import StaffBearers
from shared.identity.staff_tokens import StaffTokens
from shared.masker.masker import Masker
from tests.chassis.conftest import Log, apply_records, envelope
from tests.databases import Databases
from tests.packs import shipped

TOKENS = Tokens("s" * 40)


@dataclass(slots=True)
class RoutingApi:
    """Routing's API, and a repository that applies facts without recording any."""

    pool: Pool
    client: httpx.AsyncClient
    repository: Any
    log: Log = field(default_factory=Log)

    async def deliver(self, *facts: f.StatusFact, n: int = 1) -> str:
        """Deliver these facts of a demand and return its number."""
        await apply_records(
            Delivery(self.pool, Repositories.of(self.repository), "cluster"), self.log.records(*facts, key=UUID(int=n))
        )
        return number("NH", 2021, n)

    async def deliver_notes(self, *notes: f.NoteFact, n: int = 1) -> None:
        """Deliver notes of intake about that demand."""
        records = [self.log.record(envelope(note, None, UUID(int=n))._replace(id=uuid4())) for note in notes]
        await Delivery(self.pool, Repositories.of(self.repository), "cluster").deliver(records)

    async def get(self, path: str, unit: str) -> httpx.Response:
        return await self.client.get(path, headers=bearer(unit))

    async def command(self, number: str, command: str, key: str, **options: Any) -> httpx.Response:
        """Send a command of the tax office about a demand."""
        headers = {"Idempotency-Key": key, **bearer("nh-tax"), **options.pop("headers", {})}
        return await self.client.post(f"/v1/cases/{number}/{command}", headers=headers, **options)

    async def recorded_types(self) -> list[str]:
        """The types of the facts that routing recorded, in order."""
        async with self.pool.acquire() as db:
            return [row["type"] for row in await db.fetch("SELECT type FROM journal ORDER BY position")]


def bearer(unit: str, name: str = "陈") -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS.write('staff', {'name': name, 'unit': unit})}"}


@pytest.fixture
async def api(databases: Databases, database: str, masker: Masker) -> AsyncIterator[RoutingApi]:
    repository: Any = Repository("demand", demand_rules(Service.ROUTING), CASES)
    pool = await databases.pool(database, "routing")
    cases = CaseHandler(pool, repository, shipped(), masker=masker)
    staff = StaffBearers(pool, StaffTokens(TOKENS))
    transport = httpx.ASGITransport(web_app("routing", [*routes(cases, staff), units.routes(shipped(), staff)]))
    async with httpx.AsyncClient(transport=transport, base_url="http://routing") as client:
        yield RoutingApi(pool, client, repository)
