"""The gateway in this process, on a real database, and demands in whatever past an operation needs."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.routing import BaseRoute

from deploy.cli.processes import TITLE
from deploy.cli.services import manifests
from services.feedback import app as feedback
from services.feedback.webhooks import log_queries
from services.intake.channels import keys as channels
from services.reporting import app as reporting
from services.routing.cases.projection import CASES
from services.routing.catalogue.packs_in_force import rules_as_yaml
from services.routing.publications.projection import publication_projection
from shared.chassis.aggregates.projections import compose
from shared.chassis.aggregates.repository import Repositories, Repository
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.base.tokens import Tokens
from shared.chassis.consumer.delivery import Delivery
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.http.app import web_app
from shared.contracts.demand.facts import ChannelKind, StatusFact
from shared.contracts.demand.rules import demand_rules
from shared.contracts.demand.state import Service
from shared.contracts.numbers import number
from tests.api.inside import intake_inside
from tests.chassis.conftest import Log, apply_records
from tests.conftest import Server, fresh_database
from tests.intake.test_attachments import picture
from tests.keys import KEYS
from tests.packs import nanhai, shipped

KINDS = {"/v1/visits": ChannelKind.FIELD_VISIT, "/v1/programmes": ChannelKind.BROADCAST}
STAFF_PATHS = ("/v1/cases", "/v1/units", "/v1/catalogues", "/v1/hot-spots", "/v1/call-backs")
STAFF_PARTS = ("/contact", "/evidence/", "/publication-consent/heard", "/publication-refusal/heard")
STAFF = {"name": "陈", "unit": "nh-coordinator", "roles": ("personal-data",)}
RELEASE = {"title": "路灯不亮", "answer": "路灯已修好"}
DEMAND = {"title": "路灯不亮", "division": "440605126222", "contact": {"name": "邹某某", "phone": "13800138000"}}


@dataclass(slots=True)
class Gateway:
    """The four services under one origin, and what makes facts reach three of them."""

    client: httpx.AsyncClient
    intake: Pool
    routing: Pool
    feedback: Pool
    listening: Sequence[Delivery]
    tokens: Tokens
    document: Mapping[str, Any] = field(default_factory=dict)
    routes: Sequence[BaseRoute] = ()
    keys: dict[ChannelKind, str] = field(default_factory=dict)
    log: Log = field(default_factory=Log)
    ids: "count[int]" = field(default_factory=lambda: count(1))

    async def knows(self, past: Sequence[StatusFact], serial: int | None = None) -> UUID:
        """Let routing, feedback and reporting hear of another demand."""
        id = UUID(int=serial or next(self.ids))
        told = self.log.records(*past, key=id)
        for delivery in self.listening:
            await apply_records(delivery, told)
        return id

    async def headers(self, path: str) -> dict[str, str]:
        """Those of the channel that a path is for; of a coordinator where staff ask."""
        kind = next((kind for start, kind in KINDS.items() if path.startswith(start)), ChannelKind.WEB)
        if kind not in self.keys:
            self.keys[kind] = await channels.add(self.intake, kind, kind, kind, ("submit", "import", "webhooks"))
        if path.startswith(STAFF_PATHS) or any(part in path for part in STAFF_PARTS):
            staff = f"Bearer {self.tokens.write('staff', STAFF)}"
            return {"Authorization": staff, "Idempotency-Key": str(uuid4())}
        return {"X-API-Key": self.keys[kind], "Idempotency-Key": str(uuid4())}

    async def place(self, path: str, past: Sequence[StatusFact]) -> dict[str, str]:
        """What stands in a path, such as a demand or a programme that exists."""
        return {name: await self._named(name, path, past) for name in re.findall(r"{(\w+)}", path)}

    async def _named(self, name: str, path: str, past: Sequence[StatusFact]) -> str:
        match name:
            case "number" if path.startswith(("/v1/demands", "/v1/public", "/v1/attachments")):
                return await self._made("/v1/demands", name, json=DEMAND)
            case "number":
                return number("NH", 2021, (await self.knows(past)).int)
            case "token":
                return self.tokens.write("rate", {"demand": str(await self.knows(past))})
            case "id" if path.startswith("/v1/jurisdictions"):
                return "nanhai"
            case "version":
                return await self._scheduled() if path.endswith("/cancel") else await self._rehearsed()
            case "webhook":
                return await self._made("/v1/webhooks", "id", json={"url": "https://partner.example.gov.cn/hook"})
            case "reference":
                return await self._made("/v1/attachments", name, files={"file": picture("PNG")})
            case _:
                return await self._made("/v1/programmes", name, json={"title": "民声热线"})

    async def _rehearsed(self) -> str:
        """A version of the catalogue that may be published."""
        rules = f"rules:\n- {{id: r{next(self.ids)}, match: {{keywords: [x]}}, lead: nh-tax}}\n"
        content = rules_as_yaml(nanhai()).replace("rules:\n", rules, 1)
        version = await self._made("/v1/catalogues", "version", json={"content": content})
        for step, body in (("check", None), ("rehearse", {})):
            headers = await self.headers("/v1/catalogues")
            answer = await self.client.post(f"/v1/catalogues/{version}/{step}", headers=headers, json=body)
            assert answer.status_code == 200, answer.text
        return version

    async def _scheduled(self) -> str:
        """One that is to come into force some day."""
        version, headers = await self._rehearsed(), await self.headers("/v1/catalogues")
        later = {"at": "2099-01-01T00:00:00+08:00"}
        answer = await self.client.post(f"/v1/catalogues/{version}/publish", headers=headers, json=later)
        assert answer.status_code == 200, answer.text
        return version

    async def answered(self, number: str) -> None:
        """Let intake know that the demand waits for a verdict."""
        resolved = "UPDATE demand SET state = state || '{\"status\": \"resolved\"}' WHERE state ->> 'number' = $1"
        await self.intake.execute(resolved, number)

    async def released(self, number: str) -> None:
        """Let everybody read the answer to a case."""
        headers = await self.headers("/v1/cases")
        answer = await self.client.post(f"/v1/cases/{number}/publish", headers=headers, json=RELEASE)
        assert answer.status_code == 200, answer.text

    async def logged(self, webhook: str, event: str) -> None:
        """Let the log of a webhook have an event."""
        async with self.feedback.acquire() as db:
            await log_queries.put_test(db, UUID(webhook), UUID(event), "webhook.test", "{}", datetime.now(UTC))

    async def published(self) -> None:
        """Put a version into force, so that there is something to roll back."""
        version, headers = await self._rehearsed(), await self.headers("/v1/catalogues")
        answer = await self.client.post(f"/v1/catalogues/{version}/publish", headers=headers, json={})
        assert answer.status_code == 200, answer.text
        await self.routing.execute("UPDATE catalogue_publication SET in_force_from = now() WHERE version = $1", version)

    async def _made(self, path: str, name: str, **sent: Any) -> str:
        answer = await self.client.post(path, headers=await self.headers(path), **sent)
        assert answer.status_code == 201, answer.text
        return str(answer.json()[name])


@pytest.fixture(scope="package")
async def gateway(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """One for all examples, since it takes seconds to put together."""
    folder = str(tmp_path_factory.mktemp("attachments"))
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(fresh_database(postgres))
        told = KEYS | {"DATABASE_URL": database, "attachments_folder": folder}
        settings = {service.name: service.settings.model_validate(told) for service in manifests()}
        pools = {name: await stack.enter_async_context(await open_pool(database, name)) for name in settings}
        with intake_inside() as intake:
            routers = [r for s in manifests() for r in s.api(settings[s.name], pools[s.name]).routers]
        served = intake.app = web_app(TITLE, routers)
        transport = httpx.ASGITransport(served, raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://gateway"))
        heard = listening(settings, pools)
        tokens = Tokens(KEYS["secret"])
        intake_pool, routing_pool, feedback_pool = (pools[name] for name in ("intake", "routing", "feedback"))
        yield Gateway(client, intake_pool, routing_pool, feedback_pool, heard, tokens, served.openapi(), served.routes)


def listening(settings: Mapping[str, ProcessSettings], pools: Mapping[str, Pool]) -> list[Delivery]:
    """Routing hears without its policy, which would dispatch every demand before we say what happened."""
    cases = compose(*CASES.parts, publication_projection(shipped()))
    feedbacks = feedback.worker(settings["feedback"], pools["feedback"])  # type: ignore[arg-type]
    projector = reporting.projector(settings["reporting"], pools["reporting"])  # type: ignore[arg-type]
    repositories = {
        "routing": Repositories.of(Repository("demand", demand_rules(Service.ROUTING), cases)),
        "feedback": feedbacks.repositories,
        "reporting": projector.repositories,
    }
    return [Delivery(pools[name], repository, "cluster") for name, repository in repositories.items()]
