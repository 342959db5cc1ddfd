"""A whole deployment under one supervisor: ordered start, restarts, ordered end."""

import contextlib
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.local.child import Child, Program
from deploy.local.kafka import ApacheKafka
from deploy.local.keeper import Keeper
from deploy.local.noida import EmbeddedBroker
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.state import Runtime, Unusable, claim, prepare, write_private

HUYING: Final = (sys.executable, "-m", "deploy.cli.main")
PROCESSES: Final = ("gateway", "intake-worker", "routing-worker", "feedback-worker", "reporting-projector")
START_WITHIN: Final = 60.0
Echo = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What to start, and where. Outside servers are used when their addresses are given."""

    directory: Path
    port: int = 8080
    broker: str = "embedded"
    database_url: str | None = None
    bootstrap: str | None = None
    processes: Sequence[str] = PROCESSES
    kafka_cache: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    echo: Echo | None = None


@dataclass(slots=True)
class Running:
    """A deployment that is up."""

    options: Options
    runtime: Runtime
    promise: str
    keepers: dict[str, Keeper]

    @property
    def url(self) -> str:
        """Where the pages and the API are."""
        return self.runtime.url

    def pid(self, name: str) -> int:
        """The process id of a child as of now."""
        return self.keepers[name].child.pid

    def kill(self, name: str) -> None:
        """End a child as a crash would; its keeper starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    async def ready(self, within: float = START_WITHIN) -> None:
        """Return when every process says that it can work; raises `Unusable` naming the one that cannot."""
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            for name in self.options.processes:
                await self.keepers[name].until_ready(client, within)


@asynccontextmanager
async def deployed(options: Options) -> AsyncIterator[Running]:
    """Start everything in order, hand it over, end everything in reverse order."""
    directory = prepare(options.directory)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_only_one(directory))
        env = _secrets(directory) | dict(options.env)
        database, broker = _servers(options, directory)
        keepers: dict[str, Keeper] = {}
        runtime = Runtime("", "", "", "", {}, str(directory / "logs"), datetime.now(UTC).isoformat())

        def started(name: str, pid: int) -> None:
            runtime.pids[name] = pid
            _note(runtime, directory)

        def given_up(name: str, why: str) -> None:
            runtime.given_up[name] = why
            _note(runtime, directory)

        async def keep(program: Program, **more: Any) -> None:
            echo = options.echo if program.name in options.processes else None
            child = Child(program, directory / "logs" / f"{program.name}.log", echo)
            keeper = Keeper(child, changed=started, given_up=given_up, **more)
            keepers[program.name] = keeper
            stack.push_async_callback(keeper.stop)
            await keeper.start()

        stack.callback((directory / "runtime.json").unlink, missing_ok=True)
        if database:
            await keep(database.program, before=database.prepare, after=database.ready)
        if broker:
            await keep(broker.program, before=broker.prepare, after=broker.ready, ended=broker.ended)
        runtime.database_url = options.database_url or (database.url if database else "")
        runtime.kafka_bootstrap_servers = options.bootstrap or (broker.bootstrap if broker else "")
        runtime.broker = broker.kind if broker else "external"
        runtime.relay_shards = int((os.environ | env).get("HUYING_RELAY_SHARDS", "1"))
        port = free_port(options.port)
        runtime.url = f"http://127.0.0.1:{port}"
        env |= _environment(directory, runtime, port)
        await _once(directory, env, "migrate")
        await _once(directory, env, "channel", "seed", "--file", str(directory / "channels.json"))
        for name in options.processes:
            health = free_port()
            program = Program(name, (*HUYING, "run", name), env=env | {"HUYING_HEALTH_PORT": str(health)})
            runtime.ready[name] = f"http://127.0.0.1:{health}/readyz"
            await keep(program, ready_url=runtime.ready[name])
        promise = broker.promise if broker else "your own broker"
        running = Running(options, runtime, promise, keepers)
        await running.ready()
        yield running


def _note(runtime: Runtime, directory: Path) -> None:
    if runtime.url:
        runtime.write(directory)


def _servers(options: Options, directory: Path) -> tuple[EmbeddedPostgres | None, EmbeddedBroker | ApacheKafka | None]:
    database = None if options.database_url else EmbeddedPostgres(directory, free_port())
    if options.bootstrap:
        return database, None
    if options.broker == ApacheKafka.kind:
        return database, ApacheKafka(directory, free_port(), options.kafka_cache)
    return database, EmbeddedBroker(directory, free_port())


def _environment(directory: Path, runtime: Runtime, port: int) -> dict[str, str]:
    pacing = {"HUYING_FETCH_PACING": "0.05"} if runtime.broker == EmbeddedBroker.kind else {}
    return pacing | {
        "DATABASE_URL": runtime.database_url,
        "KAFKA_BOOTSTRAP_SERVERS": runtime.kafka_bootstrap_servers,
        "HUYING_STATE_DIR": str(directory),
        "HUYING_ATTACHMENTS_FOLDER": str(directory / "attachments"),
        "HUYING_INSTANCE": "0",
        "HUYING_PORT": str(port),
        "HUYING_PUBLIC_URL": runtime.url,
        "HUYING_INTAKE_URL": runtime.url,
        "PYTHONUNBUFFERED": "1",
    }


def _secrets(directory: Path) -> dict[str, str]:
    """Secrets of this deployment, made at its first start."""
    path = directory / "secrets.json"
    names = ("HUYING_SECRET", "HUYING_VAULT_KEY")
    if not path.exists():
        write_private(path, {name: secrets.token_urlsafe(48) for name in names})
    return dict(json.loads(path.read_text("utf-8")))


@contextlib.contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    lock = claim(directory / "lock")
    if lock is None:
        found = Runtime.read(directory)
        where = f" at {found.url}" if found and found.url else ""
        raise Unusable(
            f"Huying runs already{where} with its data in {directory}: use that one, or set HUYING_STATE_DIR"
        )
    with lock:
        yield


async def _once(directory: Path, env: Mapping[str, str], *arguments: str) -> None:
    """Run a command to its end; raises `Unusable` with its last words."""
    program = Program(arguments[0], (*HUYING, *arguments), env=env)
    child = Child(program, directory / "logs" / f"{arguments[0]}.log")
    await child.start()
    if await child.wait():
        raise Unusable(f"`huying {' '.join(arguments)}` failed:\n{child.last_lines()}")
