"""A small city for tests: all pages at one address, and each fact of a service is delivered to the others."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx
import uvicorn
from fastapi import APIRouter, Response
from PIL import Image

from deploy.local.ports import free_port
from services.feedback import app as feedback
from services.feedback.settings import FeedbackSettings
from services.intake import app as intake
from services.intake.channels import keys
from services.intake.settings import IntakeSettings
from services.intake.web.month_figures import FigureReader
from services.reporting import app as reporting
from services.reporting.settings import ReportingSettings
from services.routing import app as routing
from services.routing.catalogue.packs_in_force import PacksInForce
from services.routing.settings import RoutingSettings
from shared.chassis.base.clock import now
from shared.chassis.http.app import web_app
from shared.chassis.process.components import Api
from shared.contracts.demand import facts as f
from shared.contracts.demand.state import Demand, Service
from tests.importing.loop import Loop, opened_loop
from tests.keys import KEYS
from tests.packs import nanhai
from tests.serving import served

F = TypeVar("F", bound=f.Fact)
T = TypeVar("T")
PACK: Final = nanhai()
STATION, TOWN, COORDINATOR = "station-440605011001", "town-440605011000", PACK.coordinator
CLERK, HEAD, TOWN_CLERK, TOWN_HEAD = f"{STATION}-clerk", f"{STATION}-head", f"{TOWN}-clerk", f"{TOWN}-head"
LEADER, EDUCATION, DISPATCHER = f"{TOWN}-leader", "nh-education-clerk", f"{COORDINATOR}-dispatcher"
AUDITOR = f"{COORDINATOR}-auditor"
"""The persons that the sign-in page offers."""
ROAD: Final = {"title": "村口路面塌陷", "category": "road-damage", "division": "440605011001"}
"""A demand that the catalogue sends to the station of its village, with the town helping."""


@dataclass
class City:
    """Its address, and actions of its citizens, units and clock."""

    url: str
    loop: Loop
    settings: RoutingSettings
    figures: FigureReader
    catalogues: PacksInForce
    _channels: list[str] = field(default_factory=list)

    async def raises(self, **changes: Any) -> str:
        """Raise a demand about a road, deliver it to routing, and return its number."""
        answer = await self._sends("/v1/demands", json=ROAD | changes)
        await self.loop.turn()
        return str(answer.json()["number"])

    async def uploads(self, content: bytes) -> str:
        """Upload a file through a citizen's channel and return its reference."""
        answer = await self._sends("/v1/attachments", files={"file": ("picture", content)})
        return str(answer.json()["reference"])

    async def channel_with(self, *scopes: str) -> str:
        """The key of another channel, which has these scopes."""
        pool = self.loop.pools[Service.INTAKE]
        return await keys.add(pool, f"channel-{uuid4()}", f.ChannelKind.PARTNER, "另一渠道", scopes)

    async def _sends(self, path: str, **body: Any) -> httpx.Response:
        if not self._channels:
            self._channels.append(await keys.add(self.loop.pools[Service.INTAKE], "web", f.ChannelKind.WEB, "网站"))
        headers = {"X-API-Key": self._channels[0], "Idempotency-Key": str(uuid4())}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False) as client:
            answer = await client.post(path, **body)
        assert answer.status_code == 201, answer.text
        return answer

    async def tells(self, number: str, *facts: f.Fact, service: Service = Service.ROUTING) -> None:
        """Record these facts of a service about a demand, one after another, and deliver them to the others."""
        repository = self.loop.deliveries[service].repositories.by_stream["demand"]
        key = (await self.demand(number)).id
        for fact in facts:
            async with self.loop.pools[service].acquire() as db, db.transaction():
                work = await repository.load(db, [key], now())
                work.record(key, [fact], now(), uuid4())
                await repository.save(db, work)
        await self.loop.turn()

    async def routed(self, number: str, days: float, unit: str = STATION) -> None:
        """A dispatcher routes it to a unit; it is due in this many days."""
        due_at = now() + timedelta(days=days)
        await self.tells(number, f.DemandRouted(unit=unit, rule="dispatcher:林嘉怡", by="林嘉怡", due_at=due_at))

    async def demand(self, number: str) -> Demand:
        """The demand in routing's state."""
        state = await self.loop.pools[Service.ROUTING].fetchval(
            "SELECT state::text FROM demand WHERE number = $1", number
        )
        return Demand.model_validate_json(state)

    async def facts(self, number: str) -> list[str]:
        """The facts that routing has recorded of it, in order, as short names such as `accepted`."""
        rows = await self.loop.pools[Service.ROUTING].fetch(
            "SELECT type FROM journal WHERE aggregateid = $1 ORDER BY position", (await self.demand(number)).id
        )
        return [row["type"].removeprefix("demand.").rpartition(".")[0] for row in rows]

    async def fact(self, number: str, kind: type[F]) -> F:
        """The last fact of this kind that routing has recorded of it."""
        payload = await self.loop.pools[Service.ROUTING].fetchval(
            "SELECT payload FROM journal WHERE aggregateid = $1 AND type = $2 ORDER BY position DESC LIMIT 1",
            (await self.demand(number)).id,
            kind.wire_type(),
        )
        return kind.model_validate_json(payload)

    async def forget(self) -> None:
        """Reset the state in memory, for an empty database."""
        await self.catalogues.read()
        self._channels.clear()
        for cache in (self.loop.log, self.loop.heard, self.loop.relayed):
            cache.clear()


@asynccontextmanager
async def opened_city(
    database: str, folder: Path, port: int = 0, messages: Mapping[str, Any] | None = None
) -> AsyncIterator[City]:
    """A city whose services share this database, with the demo staff. `messages`: settings
    of feedback; then the links of messages lead to this city."""
    port = port or free_port()
    links = {"public_url": f"http://127.0.0.1:{port}"} if messages else {}
    routing_settings = KEYS | {"DATABASE_URL": database, "intake_url": f"http://127.0.0.1:{port}", "demo_staff": True}
    routing_settings["feedback_url"] = routing_settings["reporting_url"] = routing_settings["intake_url"]
    async with opened_loop(database, **links) as loop:
        settings = RoutingSettings.model_validate(routing_settings)
        desk = routing.api(settings, loop.pools[Service.ROUTING])
        intake_settings = (
            KEYS | links | {"DATABASE_URL": database, "attachments_folder": folder, "portal_jurisdictions": PACK.id}
        )
        intake_settings |= {"reporting_url": f"http://127.0.0.1:{port}", "map_attribution": "© 测试地图"}
        # Another host than the page's, so that the content security policy must allow it.
        intake_settings |= {"map_tiles": f"http://localhost:{port}/tiles/{{z}}/{{x}}/{{y}}.png"}
        intake_api = intake.api(IntakeSettings.model_validate(intake_settings), loop.pools[Service.INTAKE])
        asks = {"DATABASE_URL": database, "intake_url": f"http://127.0.0.1:{port}"}
        feedback_settings = FeedbackSettings.model_validate(KEYS | links | asks | (messages or {}))
        ratings = feedback.api(feedback_settings, loop.pools[Service.FEEDBACK])
        public = ReportingSettings.model_validate(KEYS | {"DATABASE_URL": database})
        board = reporting.api(public, loop.pools[Service.REPORTING])
        routers = [*desk.routers, *intake_api.routers, *ratings.routers, *board.routers, _tiles()]
        web = web_app("city", routers, nowhere=intake_api.nowhere)
        async with served(uvicorn.Config(web, port=port, log_level="critical")) as url:
            yield City(url, loop, settings, figures_of(intake_api), _owner(desk, PacksInForce))


def _tiles() -> APIRouter:
    """Map tiles: grey squares with a border."""
    router, picture = APIRouter(), BytesIO()
    square = Image.new("L", (256, 256), 210)
    square.paste(230, (1, 1, 255, 255))
    square.save(picture, "PNG")

    @router.get("/tiles/{z}/{x}/{y}.png")
    async def tile(z: int, x: int, y: int) -> Response:
        return Response(picture.getvalue(), media_type="image/png")

    return router


def figures_of(api: Api) -> FigureReader:
    """Where the first page of the portal gets its figures; it sends no request to reporting before a test does."""
    return _owner(api, FigureReader)


def _owner(api: Api, kind: type[T]) -> T:
    """The object of this class of which a method is a task of the API."""
    (owner,) = (task.__self__ for task in api.tasks if isinstance(getattr(task, "__self__", None), kind))
    return owner
