"""The four services in this process without a broker: facts of one are delivered to the others in order."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from services.feedback import assembled as feedback_parts
from services.feedback.settings import FeedbackSettings
from services.intake import assembled as intake_parts
from services.reporting import assembled as reporting_parts
from services.routing import app as routing
from services.routing.settings import RoutingSettings
from shared.chassis.aggregates.journal import COLUMNS, from_row
from shared.chassis.aggregates.repository import Repositories
from shared.chassis.base.clock import now
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.consumer.record import Record
from shared.chassis.database.pool import Pool, open_pool
from shared.contracts.demand.facts import Fact
from shared.contracts.demand.state import Demand, Service
from tests.keys import KEYS
from tests.packs import shipped

TOPIC = "huying.demand-events"
TABLES = {Service.REPORTING: "demand_facts"}
Story = list[tuple[str, datetime]]


@dataclass
class Loop:
    """One log for all services; `turn` runs until no service records anything more."""

    pools: dict[Service, Pool]
    deliveries: dict[Service, Delivery]
    log: list[Record] = field(default_factory=list)
    heard: dict[Service, int] = field(default_factory=dict)
    relayed: dict[Service, int] = field(default_factory=dict)

    async def turn(self) -> None:
        """Relay and deliver until nothing is left."""
        while await self._relay():
            for service in self.deliveries:
                await self.hear(service)

    async def hear(self, service: Service) -> None:
        """Deliver to this service the facts that it has not received yet."""
        fresh = self.log[self.heard.get(service, 0) :]
        self.heard[service] = len(self.log)
        await self.deliveries[service].deliver(fresh)

    async def tell(self, service: Service, reference: str, *facts: Fact) -> None:
        """Record facts of a service about a demand."""
        key = (await self.demand(reference)).id
        repository = self.deliveries[service].repositories.by_stream["demand"]
        async with self.pools[service].acquire() as db, db.transaction():
            work = await repository.load(db, [key], now())
            work.record(key, facts, now(), uuid4())
            await repository.save(db, work)

    async def _relay(self) -> bool:
        before = len(self.log)
        for service, pool in self.pools.items():
            if service is Service.REPORTING:
                continue
            rows = await pool.fetch(
                f"SELECT position, {COLUMNS} FROM journal WHERE position > $1 ORDER BY position",
                self.relayed.get(service, 0),
            )
            for row in rows:
                envelope = from_row(row)
                headers = tuple(envelope.headers())
                record = Record(TOPIC, 0, len(self.log), str(envelope.key).encode(), headers, envelope.data.encode())
                self.log.append(record)
                self.relayed[service] = row["position"]
        return len(self.log) > before

    async def demand(self, reference: str, by: Service = Service.INTAKE) -> Demand:
        """A service's state of the demand with this reference."""
        id = await self.pools[Service.INTAKE].fetchval("SELECT id FROM submission WHERE external_id = $1", reference)
        table = TABLES.get(by, "demand")
        state = await self.pools[by].fetchval(f'SELECT state::text FROM "{table}" WHERE id = $1', id)
        return Demand.model_validate_json(state)

    async def story(self, reference: str) -> Story:
        """The status facts of a demand in the log, with their times."""
        demand = await self.demand(reference)
        rows = (dict(record.headers) for record in self.log if record.key == str(demand.id).encode())
        return [
            (headers["ce_type"].decode().removeprefix("demand.").rpartition(".")[0],
             datetime.fromisoformat(headers["ce_time"].decode()))
            for headers in rows if "ce_sequence" in headers
        ]  # fmt: skip


@asynccontextmanager
async def opened_loop(database: str, **changed_settings: str) -> AsyncIterator[Loop]:
    """All four services on one database, with these additional settings."""
    settings = KEYS | {"DATABASE_URL": database} | changed_settings
    packs = shipped()
    repositories: dict[Service, Repositories] = {
        Service.INTAKE: Repositories.of(intake_parts.demand_repository(packs)),
        Service.ROUTING: routing.worker(RoutingSettings.model_validate(settings), None).repositories,  # type: ignore[arg-type]
        Service.FEEDBACK: Repositories.of(
            feedback_parts.demand_repository(packs, FeedbackSettings.model_validate(settings))
        ),
        Service.REPORTING: Repositories.of(reporting_parts.demand_repository(packs)),
    }
    async with AsyncExitStack() as stack:
        pools = {s: await stack.enter_async_context(await open_pool(database, str(s))) for s in repositories}
        yield Loop(pools, {s: Delivery(pools[s], of_service, "cluster") for s, of_service in repositories.items()})
