"""The processes of an installation in two versions, each replaced by the commands of the page about upgrades."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local.ports import free_port
from deploy.local.process import ManagedProcess, Program
from tests.chassis.proxy import Line, line_to
from tests.conftest import KAFKA
from tests.recovery.page import Shell, blocks

PAGE: Final = "upgrades.md"
BEFORE_ALL, MIGRATE = blocks(PAGE, "Before the first process")
START, WAIT, END, LOOK = blocks(PAGE, "Process after process")
AFTER_ALL: Final = blocks(PAGE, "When everything is new")
SERVICES: Final = ("reporting", "intake", "feedback", "routing")
"""In the order of the page: who reads a changed fact first, who tells it last."""
LISTENERS: Final = {"reporting": "reporting-projector"}


def processes_of(service: str) -> Sequence[str]:
    """Of a service, in the order of the page."""
    return (LISTENERS.get(service, f"{service}-worker"), f"{service}-api")


@dataclass(slots=True)
class Running:
    """A process, and where it is."""

    child: ManagedProcess
    health: str
    port: int


@dataclass(slots=True)
class Fleet:
    """Where every process of the installation runs; `lines` lead to the API of each service."""

    env: Mapping[str, str]
    logs: Path
    lines: Mapping[str, Line]
    running: dict[str, Running] = field(default_factory=dict)
    started: int = 0

    def shell(self, commands: Path, **more: str) -> Shell:
        """Runs `huying` of the version whose commands lie in that folder."""
        return Shell({**self.env, "PATH": str(commands), **more})

    async def replace(self, process: str, commands: Path) -> None:
        """Start it in this version, wait until it can work, lead requests to it, end the one of before."""
        service, _, kind = process.partition("-")
        old = self.running.get(process)
        # The embedded broker waits for ever for who leaves a group that is dealt out anew: there one reads at a time.
        ends_first = not KAFKA and kind != "api"
        if old and ends_first:
            await self._end(old)
        new = self.running[process] = await self._start(process, commands)
        await self.shell(commands, HEALTH=new.health).run(WAIT)
        if kind == "api":
            self.lines[service].leads_to("127.0.0.1", new.port)
        if old and not ends_first:
            await self._end(old)

    async def _end(self, old: Running) -> None:
        await Shell({"PATH": "", "OLD": str(old.child.pid)}).run(END)
        assert await old.child.wait() == 0, old.child.last_lines(40)

    async def replace_service(self, service: str, commands: Path) -> None:
        """Process after process."""
        for process in processes_of(service):
            await self.replace(process, commands)

    async def _start(self, process: str, commands: Path) -> Running:
        self.started += 1
        health, port = free_port(), free_port()
        shell = self.shell(
            commands, PROCESS=process, HUYING_HEALTH_PORT=str(health), HUYING_PORT=str(port)
        )  # fmt: skip
        program = Program(process, shell.command(f"exec {START}"), env=shell.variables())
        child = ManagedProcess(program, self.logs / f"{self.started:02}-{process}.log")
        await child.start()
        return Running(child, f"http://127.0.0.1:{health}", port)

    async def stop(self) -> None:
        """End whatever runs."""
        await asyncio.gather(*(running.child.stop() for running in self.running.values()))


@asynccontextmanager
async def installed(env: Mapping[str, str], logs: Path, commands: Path) -> AsyncIterator[Fleet]:
    """Every process of a version, behind one address for each service."""
    async with AsyncExitStack() as stack:
        # Led to their servers as soon as those run.
        lines = {service: await stack.enter_async_context(line_to("127.0.0.1", 1)) for service in SERVICES}
        addresses = {f"HUYING_{name.upper()}_URL": f"http://127.0.0.1:{line.port}" for name, line in lines.items()}
        del addresses["HUYING_ROUTING_URL"]  # no process asks routing
        public = {"HUYING_PUBLIC_URL": addresses["HUYING_INTAKE_URL"]}
        fleet = Fleet({**env, **addresses, **public}, logs, lines)
        stack.push_async_callback(fleet.stop)
        await fleet.shell(commands).run("huying migrate")
        for service in SERVICES:
            await fleet.replace_service(service, commands)
        yield fleet
