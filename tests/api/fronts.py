"""Each service's API in this process, with a demand to ask for and everything that opens its doors."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from fastapi import FastAPI

from deploy.cli.services import manifest
from services.intake.channels import introspection_api, keys
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.channels.introspection_api import Introspection
from services.intake.settings import IntakeSettings
from services.intake.vault.sealing import Vault
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.process.manifest import ServiceManifest
from shared.contracts.demand import facts as f
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.numbers import number
from shared.identity.callers import Callers
from tests import story
from tests.api.inside import intake_inside
from tests.chassis.conftest import Log, apply_records
from tests.keys import KEYS
from tests.packs import shipped

GOOD: Final = {"title": "校车接送点没有风雨棚", "division": "440605126222", "category": "school-transport"}
PASTS: Final[Mapping[str, tuple[f.StatusFact, ...]]] = {
    "routing": story.ROUTED,
    "feedback": story.RESOLVED,
    "reporting": story.CLOSED,
}


@dataclass(frozen=True, slots=True)
class Front:
    """An API with the headers that open it, and path parameters that lead to something."""

    web: FastAPI
    client: httpx.AsyncClient
    known: dict[str, Any]
    opens: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def front(name: str, database: str) -> AsyncIterator[Front]:
    """The API of a service on a database."""
    service = manifest(name)
    settings: Any = service.settings.model_validate(KEYS | {"DATABASE_URL": database})
    async with await open_pool(database, name) as pool, await open_pool(database, "intake") as intake_pool:
        with intake_inside() as intake:
            web = web_app(name, service.api(settings, pool).routers)
        intake.app = web_app("intake", [introspection_api.routes(_introspection(intake_pool))])
        transport = httpx.ASGITransport(web, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{name}") as client:
            staff = {"name": "陈", "unit": next(iter(shipped())).coordinator, "roles": ["personal-data"]}
            opens = {"Authorization": f"Bearer {Tokens(KEYS['secret']).write('staff', staff)}"}
            if name == "intake":
                opens |= {"X-API-Key": await _key(pool)}
                yield Front(web, client, await _submitted(client, opens), opens)
            else:
                if name == "feedback":
                    opens |= {"X-API-Key": await _key(intake_pool)}
                yield Front(web, client, await _told(service, settings, pool), opens)


def _introspection(pool: Pool) -> Introspection:
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": "postgresql://nowhere"})
    return Introspection(pool, Callers.of(settings, pool, shipped()))


async def _key(pool: Pool) -> str:
    scopes = tuple(keys.Scope)
    for kind in ChannelKind:
        key = await keys.add(pool, kind.value, kind, kind.value, scopes)
        await GatewayRegistry(pool, Vault.of(KEYS["vault_key"])).put(kind.value, {"quota_per_minute": "1000000"})
    return key


async def _submitted(client: httpx.AsyncClient, opens: dict[str, str]) -> dict[str, Any]:
    answer = await client.post("/v1/demands", json=GOOD, headers=opens | {"Idempotency-Key": "seed"})
    number = answer.json()["number"]
    return {"number": number, "service_request_id": number, "channel": "sms", "id": "nanhai"}


async def _told(service: ServiceManifest[Any], settings: Any, pool: Pool) -> dict[str, Any]:
    delivery = Delivery(pool, service.worker(settings, pool).repositories, "cluster")
    await apply_records(delivery, Log().records(*PASTS[service.name], key=story.ID))
    token = Tokens(KEYS["secret"]).write("rate", {"demand": str(story.ID)})
    return {"number": number("NH", 2021, story.ID.int % 10**6), "token": token}
