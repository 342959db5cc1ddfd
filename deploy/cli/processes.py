"""`huying run`: runs a process by its name; each process imports only the code of its own services."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Annotated, Any, Final

import typer
from fastapi import APIRouter
from pydantic import Field

from deploy.cli.introduction import INTRODUCTION
from deploy.cli.running import warn_of_unknown_settings
from deploy.cli.services import SERVICE_NAMES, manifest, manifests
from shared.chassis.base.setting_checks import what_is_wrong
from shared.chassis.base.settings import LISTENERS, ProcessSettings, noted, read, stop
from shared.chassis.database.pool import open_pool
from shared.chassis.process.components import api_components
from shared.chassis.process.manifest import ApiProcess, RelayProcess, ServiceManifest, components_of
from shared.chassis.process.registration import registering
from shared.chassis.process.run import Components, main
from shared.jurisdiction.loader import packs_of
from shared.jurisdiction.problems import PackError
from shared.jurisdiction.settings import JurisdictionSettings

TITLE: Final = "Huying 呼应"
GATEWAY: Final = "gateway"
"""The one process that belongs to no single service: the APIs of all under one origin."""


class RunSettings(ProcessSettings, JurisdictionSettings):
    """The settings of `huying run` in addition to those of services: the port of the gateway or API, the packs, and the
    pauses of consumers with the embedded broker."""

    port: int = Field(
        8080,
        ge=0,
        le=65535,
        description="port of the pages and the API; `huying up` and `huying demo` use another one if it is busy",
        json_schema_extra=noted(GATEWAY, "*-api"),
    )
    design_pages: bool = Field(
        False,
        description="true: the gateway shows the design pages at `/design`; `huying up` sets it with its own database",
        json_schema_extra=noted(GATEWAY),
    )
    fetch_pacing: float = Field(
        0,
        ge=0,
        description="seconds to wait after a fetch without records; 0: the broker waits",
        json_schema_extra=noted(*LISTENERS),
    )


@lru_cache
def processes() -> Mapping[str, Sequence[ServiceManifest[Any]]]:
    """All processes by name, with their services; imports all services."""
    services_of = {GATEWAY: manifests()}
    for service in manifests():
        services_of |= {name: (service,) for name in service.by_process}
    return services_of


def services_of(process: str) -> Sequence[ServiceManifest[Any]]:
    """The services whose code and settings a process needs; imports only those. Raises `KeyError`."""
    if process == GATEWAY:
        return manifests()
    name = process.partition("-")[0]
    if name not in SERVICE_NAMES or process not in manifest(name).by_process:
        raise KeyError(process)
    return (manifest(name),)


def settings_of(process: str) -> tuple[type[ProcessSettings], ...]:
    """All classes of settings that a process reads."""
    if process == GATEWAY:
        return (RunSettings, *(service.settings for service in manifests()))
    (service,) = services_of(process)
    spec = service.by_process[process]
    return (RunSettings,) if isinstance(spec, RelayProcess) else (RunSettings, service.settings)


async def _apis(services: Sequence[ServiceManifest[Any]]) -> Components:
    apis = {}
    for service in services:
        settings = read(service.settings)
        pool = await open_pool(settings.database_url, service.name)
        apis[service.name] = (service.api(settings, pool), pool)
    place = read(RunSettings)
    return api_components(TITLE, INTRODUCTION, apis, place.port, place.deployment, _more_pages(place))


def _more_pages(settings: RunSettings) -> Sequence[APIRouter]:
    """Pages that belong to no service."""
    if not settings.design_pages:
        return ()
    from shared.web.design import design  # not needed in production

    return (design(),)


async def build(process: str) -> Components:
    """Build the components of a process, with the settings of its environment."""
    services = services_of(process)
    if process == GATEWAY or isinstance(services[0].by_process[process], ApiProcess):
        return await _apis(services)
    (service,) = services
    settings = read(service.settings_of(service.by_process[process]))
    pool = await open_pool(settings.database_url, service.name)
    return await components_of(service, process, settings, pool)


def wrong_settings(names: Iterable[str]) -> list[str]:
    """All errors in the settings of these processes and in the packs that they serve."""
    kinds = {name: settings_of(name) for name in names}
    lines = [line for name, classes in kinds.items() for line in what_is_wrong(name, classes)]
    if not lines and any(len(classes) > 1 for classes in kinds.values()):
        settings = read(RunSettings)
        try:
            packs_of(settings)
        except PackError as fault:
            lines.append(f"HUYING_JURISDICTIONS: {settings.jurisdictions} cannot be served:\n{fault}")
    return list(dict.fromkeys(lines))


def known(process: str) -> str:
    """The given name; raises `BadParameter` if no process has it."""
    try:
        services_of(process)
    except KeyError:
        names = ", ".join(sorted(processes()))
        raise typer.BadParameter(f"there is no process {process!r}; use one of: {names}") from None
    return process


def pace_readers(settings: RunSettings) -> None:
    """Let this process read as the embedded broker needs it, where the settings say so."""
    if settings.fetch_pacing:
        from deploy.local.fetch_pacing import pace_empty_fetches  # few need it

        pace_empty_fetches(settings.fetch_pacing)


def run(
    process: Annotated[
        str,
        typer.Argument(
            help="gateway, or a process of a service such as routing-worker; a wrong name prints all names",
            callback=known,
        ),
    ],
) -> None:
    """Run one process until SIGTERM. Exit code 78: its settings cannot be used."""
    warn_of_unknown_settings()
    if errors := wrong_settings([process]):
        stop(errors)
    settings = read(RunSettings)
    pace_readers(settings)
    names = [service.name for service in services_of(process)]
    main(
        process,
        settings,
        partial(build, process),
        names[0] if len(names) == 1 else None,
        registering(process, settings, names),
    )
