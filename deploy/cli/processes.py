"""Every process that `huying run` can start, by name; each loads the code of its own services alone."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import Field

from deploy.cli.introduction import INTRODUCTION
from shared.chassis.base.setting_checks import what_is_wrong
from shared.chassis.base.settings import ProcessSettings, noted, read, stop
from shared.chassis.database.pool import Pool, open_pool
from shared.chassis.process.components import (
    Api,
    Worker,
    api_components,
    database_ready,
    relay_components,
    worker_components,
)
from shared.chassis.process.run import Components, main
from shared.jurisdiction.loader import served_packs
from shared.jurisdiction.problems import PackError

TITLE: Final = "Huying 呼应"


class Place(ProcessSettings):
    """Where the gateway, or a single API, listens."""

    port: int = Field(
        8080,
        ge=0,
        le=65535,
        description="port of the pages and the API",
        json_schema_extra=noted("gateway", "*-api"),
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """What a service offers to run."""

    settings: type[ProcessSettings]
    api: Callable[[Any, Pool], Api]
    worker: Callable[[Any, Pool], Worker]
    migrations: Path


@dataclass(frozen=True, slots=True)
class Service:
    """A service by name; what it offers is loaded when it is asked for."""

    name: str
    load: Callable[[], Offer]

    @property
    def settings(self) -> type[ProcessSettings]:
        """What it reads from its environment."""
        return self.load().settings

    @property
    def api(self) -> Callable[[Any, Pool], Api]:
        """Its HTTP side."""
        return self.load().api

    @property
    def worker(self) -> Callable[[Any, Pool], Worker]:
        """Its listening side."""
        return self.load().worker

    @property
    def migrations(self) -> Path:
        """Its schema."""
        return self.load().migrations


def _intake() -> Offer:
    from services.intake import app
    from services.intake.settings import IntakeSettings

    return Offer(IntakeSettings, app.api, app.worker, app.MIGRATIONS)


def _routing() -> Offer:
    from services.routing import app
    from services.routing.settings import RoutingSettings

    return Offer(RoutingSettings, app.api, app.worker, app.MIGRATIONS)


def _feedback() -> Offer:
    from services.feedback import app
    from services.feedback.settings import FeedbackSettings

    return Offer(FeedbackSettings, app.api, app.worker, app.MIGRATIONS)


def _reporting() -> Offer:
    from services.reporting import app
    from services.reporting.settings import ReportingSettings

    return Offer(ReportingSettings, app.api, app.projector, app.MIGRATIONS)


SERVICES: Final = (
    Service("intake", _intake),
    Service("routing", _routing),
    Service("feedback", _feedback),
    Service("reporting", _reporting),
)


async def _apis(*services: Service) -> Components:
    apis = {}
    for service in services:
        settings = read(service.settings)
        pool = await open_pool(settings.database_url, service.name)
        apis[service.name] = (service.api(settings, pool), pool)
    place = read(Place)
    return api_components(TITLE, INTRODUCTION, apis, place.port, place.deployment)


async def _worker(service: Service) -> Components:
    settings = read(service.settings)
    pool = await open_pool(settings.database_url, service.name)
    return await worker_components(settings, service.worker(settings, pool), pool)


async def _relay(service: Service) -> Components:
    settings = read(ProcessSettings)
    pool = await open_pool(settings.database_url, service.name)
    return await relay_components(settings, service.name, pool)


async def _mail() -> Components:
    from services.intake import app
    from services.intake.settings import IntakeSettings
    from services.intake.tracking.lasting_secret import lasting_secret_kept

    settings = read(IntakeSettings)
    pool = await open_pool(settings.database_url, "intake")
    receiving = app.mail(settings, pool).run(settings)
    ready = [database_ready("intake", pool), lasting_secret_kept(pool, settings.lasting)]
    return Components(running=[receiving], ready=ready, closing=[pool.close])


@dataclass(frozen=True, slots=True)
class Process:
    """How to put a process together, and whose settings it reads beside `Place`."""

    build: Callable[[], Awaitable[Components]]
    services: Sequence[Service] = ()

    @property
    def settings(self) -> tuple[type[ProcessSettings], ...]:
        """Every class of settings that it reads."""
        return (Place, *(service.settings for service in self.services))


def _table() -> Mapping[str, Process]:
    found = {
        "gateway": Process(lambda: _apis(*SERVICES), SERVICES),
        "intake-mail": Process(_mail, SERVICES[:1]),
    }
    for service in SERVICES:
        listener = "projector" if service.name == "reporting" else "worker"
        found[f"{service.name}-api"] = Process(partial(_apis, service), (service,))
        found[f"{service.name}-{listener}"] = Process(partial(_worker, service), (service,))
        found[f"{service.name}-relay"] = Process(partial(_relay, service))
    return found


PROCESSES: Final = _table()


def wrong_settings(processes: Iterable[str]) -> list[str]:
    """Everything that keeps these processes from starting, of all their settings; the packs that they serve too."""
    lines = [line for name in processes for line in what_is_wrong(name, PROCESSES[name].settings)]
    if not lines and any(PROCESSES[name].services for name in processes):
        settings = read(Place)
        try:
            served_packs(settings.jurisdictions_dir, settings.jurisdictions)
        except PackError as fault:
            lines.append(f"HUYING_JURISDICTIONS: {settings.jurisdictions} cannot be served:\n{fault}")
    return list(dict.fromkeys(lines))


def known(process: str) -> str:
    """The name of a process; raises `BadParameter` where there is none of this name."""
    if process not in PROCESSES:
        raise typer.BadParameter(f"{process!r} is no process; one of: {', '.join(sorted(PROCESSES))}")
    return process


def run(process: Annotated[str, typer.Argument(help=", ".join(sorted(PROCESSES)), callback=known)]) -> None:
    """Run one process until SIGTERM. Exit code 78: its settings cannot be used."""
    if wrong := wrong_settings([process]):
        stop(wrong)
    main(process, read(Place), PROCESSES[process].build)
