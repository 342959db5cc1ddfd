"""The four services in this process, on a database and a broker: APIs at one address, readers and relays."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

import httpx
import uvicorn
from aiokafka.consumer.fetcher import Fetcher

from deploy.cli.services import manifests
from deploy.local.fetch_pacing import pace_empty_fetches
from services.intake.channels import keys
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.lag import group_lag
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import cluster_id
from shared.chassis.process.components import worker_components
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.topics import DEMAND_EVENTS
from tests.eventually import ended, eventually
from tests.keys import KEYS
from tests.serving import served

STATION: Final = "station-440605011001"
PACING: Final = 0.05
MATTERS: Final = {
    "nanhai": {"title": "村口路面塌陷", "category": "road-damage", "division": "440605011001"},
    "losangeles": {"title": "Street light out", "category": "lighting", "division": "la-cd-01"},
}
"""What is raised where."""


@dataclass
class Town:
    """Where the services are, and what its citizens and its staff do there."""

    url: str
    given: Mapping[str, Any]
    pools: dict[str, Pool]
    client: httpx.AsyncClient
    groups: dict[str, str] = field(default_factory=dict)
    """Of each service: the group that reads for it."""

    async def join(self) -> None:
        """The town's website gets a key."""
        key = await keys.add(self.pools["intake"], "web", ChannelKind.WEB, "网站")
        self.client.headers["X-API-Key"] = key

    async def raises(self, phone: str, jurisdiction: str = "nanhai", **more: Any) -> dict[str, Any]:
        """A demand of somebody with this telephone; the receipt."""
        body = MATTERS[jurisdiction] | {"contact": {"phone": phone}} | more
        answer = await self.client.post("/v1/demands", json=body, headers={"Idempotency-Key": str(uuid4())})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def staff(self, unit: str = STATION, *roles: str) -> dict[str, str]:
        """The headers of somebody of a unit."""
        person = {"name": "陈", "unit": unit, "roles": list(roles)}
        return {"Authorization": f"Bearer {Tokens(self.given['secret']).write('staff', person)}"}

    async def does(self, number: str, command: str, **fields: Any) -> None:
        """What the station does with a case."""
        headers = self.staff(STATION, "head") | {"Idempotency-Key": f"{number} {command}"}
        answer = await self.client.post(f"/v1/cases/{number}/{command}", json=fields, headers=headers)
        assert answer.is_success, answer.text

    async def reads(self, path: str, **params: str) -> Any:
        """What a page or the API answers to the coordinator."""
        answer = await self.client.get(path, params=params, headers=self.staff("nh-coordinator", "dispatcher"))
        assert answer.is_success, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    async def has_read_everything(self) -> None:
        """Return when what the journals tell is on the broker, read by every service, and told no further."""

        async def unread() -> list[str]:
            return [*await self._unsent(), *await self._behind(), *await self._unsent()]

        await eventually(unread, lambda names: not names)

    async def _unsent(self) -> list[str]:
        """Services whose relays have not sent all to this broker."""
        cluster = await cluster_id(Kafka(self.given["KAFKA_BOOTSTRAP_SERVERS"]))
        return [
            name
            for name, pool in self.pools.items()
            if await pool.fetchval(
                "SELECT coalesce(max(position), 0) > (SELECT coalesce(max(position), 0) FROM relay_cursor"
                " WHERE cluster_id = $1) FROM journal",
                cluster,
            )
        ]

    async def _behind(self) -> list[str]:
        """Groups that have not read all."""
        found = []
        for group in self.groups.values():
            async with group_lag(Kafka(self.given["KAFKA_BOOTSTRAP_SERVERS"]), group, [DEMAND_EVENTS.name]) as lag:
                places = (await lag.backlog()).values()
            found += [group] if any(place.committed < place.end for place in places) else []
        return found

    @asynccontextmanager
    async def workers(self) -> AsyncIterator[None]:
        """Their readers, relays and timers run."""
        ask, tasks = Fetcher._proc_fetch_request, list[asyncio.Task[None]]()
        pace_empty_fetches(PACING)
        async with AsyncExitStack() as stack:
            for service in manifests():
                settings = service.settings.model_validate(self.given)
                pool = await open_pool(self.given["DATABASE_URL"], service.name)
                # One Faust application is enough for a process.
                worker = replace(service.worker(settings, pool), by_faust=False)
                self.groups[service.name] = worker.consumer
                parts = await worker_components(settings, worker, pool, f"{service.name}-worker")
                for close in parts.closing:
                    stack.push_async_callback(close)
                tasks += [asyncio.create_task(part) for part in parts.running]
            try:
                yield
            finally:
                await ended(*tasks)
                Fetcher._proc_fetch_request = ask


@asynccontextmanager
async def opened_town(database: str, broker: str, port: int, **more: Any) -> AsyncIterator[Town]:
    """The APIs of all services on a port; `more` are settings."""
    url = f"http://127.0.0.1:{port}"
    given = KEYS | {"DATABASE_URL": database, "KAFKA_BOOTSTRAP_SERVERS": broker, "public_url": url}
    given |= {"intake_url": url, "feedback_url": url} | more
    async with AsyncExitStack() as stack:
        pools, routers, tasks = {}, [], list[asyncio.Task[None]]()
        for service in manifests():
            pool = pools[service.name] = await stack.enter_async_context(await open_pool(database, service.name))
            api = service.api(service.settings.model_validate(given), pool)
            routers += api.routers
            tasks += [asyncio.create_task(task()) for task in api.tasks]
        stack.push_async_callback(ended, *tasks)
        web = web_app("town", routers)
        await stack.enter_async_context(served(uvicorn.Config(web, port=port, log_level="critical")))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False))
        yield Town(url, given, pools, client)
