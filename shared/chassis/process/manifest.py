"""What a service says of itself: its settings, its schema, the processes that it offers, and what the doctor asks."""

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
    """A question of `huying doctor` to a service: `ask` reads the service's own tables over a connection that sees no
    others, and gives a finding for every line of the answer."""

    name: str
    ask: Callable[[Connection], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Server:
    """A process that is neither of the usual kinds: `run` serves until it is cancelled; `ready` holds what must be
    well beside the database, `tasks` what runs beside it."""

    run: Task
    ready: Sequence[Check] = ()
    tasks: Sequence[Task] = ()


@dataclass(frozen=True, slots=True)
class ApiProcess(Generic[S]):
    """The HTTP side of a service; one process may serve the APIs of several."""

    api: Callable[[S, Pool], Api]
    suffix: str = "api"


@dataclass(frozen=True, slots=True)
class WorkerProcess(Generic[S]):
    """The listening side of a service."""

    worker: Callable[[S, Pool], Worker]
    consumer: str
    """The name of its consumer (`Worker.consumer`), which names its group: the broker keeps offsets by it, so it never
    changes."""
    topics: tuple[str, ...]
    """Those that it reads (`Worker.topics`)."""
    suffix: str = "worker"


@dataclass(frozen=True, slots=True)
class RelayProcess:
    """The relays of a service, where they run apart from its worker; they need no settings of the service."""

    suffix: str = "relay"


@dataclass(frozen=True, slots=True)
class ServerProcess(Generic[S]):
    """Another process of a service."""

    suffix: str
    server: Callable[[S, Pool], Server]


ProcessSpec = ApiProcess[S] | WorkerProcess[S] | RelayProcess | ServerProcess[S]


@dataclass(frozen=True, slots=True)
class ServiceManifest(Generic[S]):
    """A service: `huying run`, `migrate`, `settings`, `openapi` and `doctor` know of it by this alone."""

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
        """Its HTTP side; every service has one."""
        return next(spec.api for spec in self.processes if isinstance(spec, ApiProcess))

    @property
    def listener(self) -> WorkerProcess[S]:
        """The process that is its listening side; every service has one."""
        return next(spec for spec in self.processes if isinstance(spec, WorkerProcess))

    @property
    def worker(self) -> Callable[[S, Pool], Worker]:
        """What its listening side is made of."""
        return self.listener.worker

    def settings_of(self, spec: ProcessSpec[S]) -> type[ProcessSettings]:
        """What a process of it reads from its environment."""
        return ProcessSettings if isinstance(spec, RelayProcess) else self.settings


async def components_of(
    service: ServiceManifest[Any], process: str, settings: ProcessSettings, pool: Pool
) -> Components:
    """What a process of a service is made of; not for an `ApiProcess`, whose APIs may share one web server."""
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
            raise TypeError(f"{process} is put together with the APIs that it serves")
