"""The servers and processes of one deployment: each gets a port and a supervisor, and a place in `runtime.json`."""

import contextlib
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import structlog

from deploy.local.health import Health, first_unhealthy
from deploy.local.liveness import Liveness
from deploy.local.ports import free_port, release, why_not
from deploy.local.process import ManagedProcess, Program
from deploy.local.state import Runtime, Unusable
from deploy.local.supervisor import Supervisor

log = structlog.get_logger()
HUYING: Final = (sys.executable, "-m", "deploy.cli.main")
PORTS_TO_TRY: Final = 3
PATIENT: Final = 6
"""Failed liveness checks in a row after which a server is restarted: more than for a process, as it may be busier."""
Echo = Callable[[str, str], None]


class LocalServer(Protocol):
    """PostgreSQL or a broker."""

    port: int

    @property
    def program(self) -> Program:
        """The program to start."""

    def prepare(self) -> None:
        """Prepare its data and configuration."""

    async def ready(self) -> None:
        """Return when it can be used; raises `Unusable` if another program answers on its port."""

    async def alive(self) -> str | None:
        """Why it is not alive, in words; None if it is alive."""


S = TypeVar("S", bound=LocalServer)


@dataclass(slots=True)
class Household:
    """Starts servers and processes with their supervisors; `stack` stops them in reverse order."""

    directory: Path
    stack: contextlib.AsyncExitStack
    echo: Echo | None = None
    supervisors: dict[str, Supervisor] = field(default_factory=dict)
    runtime: Runtime = field(init=False)

    def __post_init__(self) -> None:
        began, name = datetime.now(UTC).isoformat(), secrets.token_hex(8)
        self.runtime = Runtime("", "", "", "", {}, str(self.directory / "logs"), began, name)
        self.stack.callback((self.directory / "runtime.json").unlink, missing_ok=True)

    def port(self, preferred: int = 0) -> int:
        """Reserve a port until the end of the deployment."""
        port = free_port(preferred)
        self.stack.callback(release, port)
        return port

    async def serve(self, make: Callable[[int], S]) -> S:
        """Start a server; if another program takes its port before it starts, try another port."""
        for tries in range(1, PORTS_TO_TRY + 1):
            server = make(self.port())
            ended = getattr(server, "ended", None)
            more = {"before": server.prepare, "after": server.ready, "alive": server.alive}
            more |= {"liveness": Liveness(failures=PATIENT)} | ({"ended": ended} if ended else {})
            try:
                await self._keep(server.program, None, **more)
            except Unusable:
                release(server.port)
                problem = why_not(server.port)
                if problem is None or tries == PORTS_TO_TRY:
                    raise
                log.warning(f"{problem}: trying another one", process=server.program.name)
            else:
                break
        return server

    async def work(self, process: str, env: Mapping[str, str]) -> None:
        """Start one of Huying's processes."""
        port, deployment = self.port(), self.runtime.deployment
        program = Program(process, (*HUYING, "run", process), env={**env, "HUYING_HEALTH_PORT": str(port)})
        health = Health(f"http://127.0.0.1:{port}", deployment)
        # Check the gateway's public port too: another program may answer there while its health port is fine.
        public = (Health(self.runtime.url, deployment),) if process == "gateway" else ()
        self.runtime.health[process] = health.url
        places: Sequence[Health] = (health, *public)
        await self._keep(program, self.echo, ready=places, alive=lambda: first_unhealthy(places, "/livez"))

    async def _keep(self, program: Program, echo: Echo | None, **more: Any) -> None:
        child = ManagedProcess(program, self.directory / "logs" / f"{program.name}.log", echo)
        supervisor = Supervisor(
            child, changed=self._started, given_up=self._given_up, restarted=self._restarted, **more
        )
        await supervisor.start()
        self.supervisors[program.name] = supervisor
        self.stack.push_async_callback(supervisor.stop)

    def _started(self, name: str, pid: int) -> None:
        self.runtime.pids[name] = pid
        self._note()

    def _given_up(self, name: str, cause: str) -> None:
        self.runtime.given_up[name] = cause
        self._note()

    def _restarted(self, name: str, cause: str) -> None:
        count = int(self.runtime.restarts.get(name, ["", "0"])[1]) + 1
        self.runtime.restarts[name] = [datetime.now(UTC).isoformat(timespec="seconds"), str(count), cause]

    def _note(self) -> None:
        if self.runtime.url:
            self.runtime.write(self.directory)
