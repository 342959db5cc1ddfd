"""Every process that `huying run` can start, by name."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from services.feedback import app as feedback
from services.feedback.settings import FeedbackSettings
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.reporting import app as reporting
from services.reporting.settings import ReportingSettings
from services.routing import app as routing
from services.routing.settings import RoutingSettings
from shared.chassis.assembly import Api, Worker, api_parts, database_ready, relay_parts, worker_parts
from shared.chassis.database import Pool, open_pool
from shared.chassis.process import Parts, main
from shared.chassis.settings import ProcessSettings, read

TITLE: Final = "Huying 呼应"


class Place(ProcessSettings):
    """Where the gateway, or a single API, listens."""

    port: int = Field(8080, ge=0, le=65535)


@dataclass(frozen=True, slots=True)
class Service:
    """What a service offers to run."""

    name: str
    settings: type[ProcessSettings]
    api: Callable[[Any, Pool], Api]
    worker: Callable[[Any, Pool], Worker]
    migrations: Any


SERVICES: Final = (
    Service("intake", IntakeSettings, intake.api, intake.worker, intake.MIGRATIONS),
    Service("routing", RoutingSettings, routing.api, routing.worker, routing.MIGRATIONS),
    Service("feedback", FeedbackSettings, feedback.api, feedback.worker, feedback.MIGRATIONS),
    Service("reporting", ReportingSettings, reporting.api, reporting.projector, reporting.MIGRATIONS),
)


async def _apis(*services: Service) -> Parts:
    apis = {}
    for service in services:
        settings = read(service.settings)
        pool = await open_pool(settings.database_url, service.name)
        apis[service.name] = (service.api(settings, pool), pool)
    return api_parts(TITLE, apis, read(Place).port)


async def _worker(service: Service) -> Parts:
    settings = read(service.settings)
    pool = await open_pool(settings.database_url, service.name)
    return await worker_parts(settings, service.worker(settings, pool), pool)


async def _relay(service: Service) -> Parts:
    settings = read(service.settings)
    pool = await open_pool(settings.database_url, service.name)
    return await relay_parts(settings, service.name, pool)


async def _mail() -> Parts:
    settings = read(IntakeSettings)
    pool = await open_pool(settings.database_url, "intake")
    receiving = intake.mail(settings, pool).run(settings)
    return Parts(running=[receiving], ready=[database_ready("intake", pool)], closing=[pool.close])


def _table() -> Mapping[str, Callable[[], Awaitable[Parts]]]:
    found: dict[str, Callable[[], Awaitable[Parts]]] = {
        "gateway": lambda: _apis(*SERVICES),
        "intake-mail": _mail,
    }
    for service in SERVICES:
        listener = "projector" if service.name == "reporting" else "worker"
        found[f"{service.name}-api"] = lambda service=service: _apis(service)  # type: ignore[misc]
        found[f"{service.name}-{listener}"] = lambda service=service: _worker(service)  # type: ignore[misc]
        found[f"{service.name}-relay"] = lambda service=service: _relay(service)  # type: ignore[misc]
    return found


PROCESSES: Final = _table()


def run(name: str) -> None:
    """Run one process until SIGTERM."""
    main(name, read(Place), PROCESSES[name])
