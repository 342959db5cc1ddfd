"""The manifest of a service: its settings, its migrations, its processes, and its checks for the doctor."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from shared.chassis.base.checks import Check
from shared.chassis.base.findings import Finding
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.database import pool_gauges
from shared.chassis.database.pool import Connection, Pool
from shared.chassis.process.components import (
    Api,
    Task,
    Worker,
    database_ready,
    relay_components,
    worker_components,
)
from shared.chassis.process.run import Components

S = TypeVar("S", bound=ProcessSettings)


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """A check of `huying doctor` for one service: `ask` reads the service's tables over a connection that sees only
    its schema, and returns a finding for each line of the report."""

    name: str
    ask: Callable[[Connection], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Server:
    """A process that is neither API, worker nor relay: `run` serves until it is cancelled; `ready` are readiness checks
    in addition to the database's, `tasks` are background tasks."""

    run: Task
    ready: Sequence[Check] = ()
    tasks: Sequence[Task] = ()


@dataclass(frozen=True, slots=True)
class ApiProcess(Generic[S]):
    """The HTTP process of a service; one process may serve the APIs of several services."""

    api: Callable[[S, Pool], Api]
    suffix: str = "api"


@dataclass(frozen=True, slots=True)
class WorkerProcess(Generic[S]):
    """The process of a service that consumes topics."""

    worker: Callable[[S, Pool], Worker]
    consumer: str
    """The name of its consumer (`Worker.consumer`). It never changes: the broker stores offsets under the group's name,
    which is made from it."""
    topics: tuple[str, ...]
    """The topics that it reads (`Worker.topics`)."""
    suffix: str = "worker"


@dataclass(frozen=True, slots=True)
class RelayProcess:
    """A process for the relays of a service, if they do not run in its worker. It needs no settings of the service."""

    suffix: str = "relay"


@dataclass(frozen=True, slots=True)
class ServerProcess(Generic[S]):
    """Any other process of a service."""

    suffix: str
    server: Callable[[S, Pool], Server]


ProcessSpec = ApiProcess[S] | WorkerProcess[S] | RelayProcess | ServerProcess[S]


@dataclass(frozen=True, slots=True)
class ServiceManifest(Generic[S]):
    """All that `huying run`, `migrate`, `settings`, `openapi` and `doctor` know about a service."""

    name: str
    settings: type[S]
    migrations: Path
    processes: Sequence[ProcessSpec[S]]
    checks: Sequence[DoctorCheck] = ()

    @property
    def by_process(self) -> Mapping[str, ProcessSpec[S]]:
        """Its processes by their names, such as `NAME-worker`."""
        return {f"{self.name}-{spec.suffix}": spec for spec in self.processes}

    @property
    def api(self) -> Callable[[S, Pool], Api]:
        """The function that builds its API; every service has one."""
        return next(spec.api for spec in self.processes if isinstance(spec, ApiProcess))

    @property
    def listener(self) -> WorkerProcess[S]:
        """Its process that consumes topics; every service has one."""
        return next(spec for spec in self.processes if isinstance(spec, WorkerProcess))

    @property
    def worker(self) -> Callable[[S, Pool], Worker]:
        """The function that builds its worker."""
        return self.listener.worker

    def settings_of(self, spec: ProcessSpec[S]) -> type[ProcessSettings]:
        """The class of the settings that a process of this service reads."""
        return ProcessSettings if isinstance(spec, RelayProcess) else self.settings


async def components_of(
    service: ServiceManifest[Any], process: str, settings: ProcessSettings, pool: Pool
) -> Components:
    """The components of a process; raises `TypeError` for an `ApiProcess`, as APIs may share one web server."""
    spec = service.by_process[process]
    match spec:
        case WorkerProcess():
            return await worker_components(settings, spec.worker(settings, pool), pool, process)
        case RelayProcess():
            return await relay_components(settings, service.name, pool, process)
        case ServerProcess():
            pool_gauges.watch(pool, service.name)
            server = spec.server(settings, pool)
            ready = [database_ready(service.name, pool), *server.ready]
            running = [server.run(), *(task() for task in server.tasks)]
            return Components(running=running, ready=ready, closing=[pool.close])
        case _:
            raise TypeError(f"{process} has no components of its own: it serves the APIs of other services")
