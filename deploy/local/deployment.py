"""Runs a whole deployment: starts servers and processes in order, restarts them, and stops them in reverse order."""

import contextlib
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Final

from deploy.local.household import HUYING, Echo, Household
from deploy.local.kafka import ApacheKafka
from deploy.local.noida import EmbeddedBroker
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import ManagedProcess, Program
from deploy.local.state import Runtime, Unusable, claim, prepare, read_json, write_private
from deploy.local.supervisor import Supervisor
from deploy.local.uninterrupted import cleaned_up, uninterrupted

PROCESSES: Final = ("gateway", "intake-worker", "routing-worker", "feedback-worker", "reporting-projector")
START_WITHIN: Final = 60.0
LOOKS: Final = 5
SECRETS: Final = ("HUYING_SECRET", "HUYING_VAULT_KEY", "HUYING_LASTING_SECRET")


@dataclass(frozen=True, slots=True)
class Options:
    """What to start, and where. With `database_url` or `bootstrap`, an external server is used."""

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
    """A running deployment."""

    options: Options
    runtime: Runtime
    promise: str
    supervisors: dict[str, Supervisor]
    has_demo_staff: bool = False
    has_inbox: bool = False

    @property
    def url(self) -> str:
        """The URL of the pages and the API."""
        return self.runtime.url

    def pid(self, name: str) -> int:
        """The current process id of a child."""
        return self.supervisors[name].child.pid

    def kill(self, name: str) -> None:
        """Kill a child like a crash (SIGKILL); its supervisor starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    async def ready(self, within: float = START_WITHIN) -> None:
        """Return when every process is ready; raises `Unusable` with the name of one that is not."""
        for name in self.options.processes:
            await self.supervisors[name].until_ready(within)


@asynccontextmanager
async def deployed(options: Options) -> AsyncIterator[Running]:
    """Start everything in order, yield the running deployment, and stop everything in reverse order."""
    directory = prepare(options.directory)
    async with cleaned_up() as stack:
        stack.enter_context(_only_one(directory))
        env = secrets_of(directory) | dict(options.env)
        _expect_public_address(options, env)
        household = Household(directory, stack, options.echo)
        runtime = household.runtime
        postgres = partial(EmbeddedPostgres, directory)
        database = None if options.database_url else await household.serve(postgres)
        broker = None if options.bootstrap else await household.serve(_broker(options, directory))
        runtime.database_url = options.database_url or (database.url if database else "")
        runtime.kafka_bootstrap_servers = options.bootstrap or (broker.bootstrap if broker else "")
        runtime.broker = broker.kind if broker else "external"
        port = household.port(options.port)
        runtime.url = f"http://127.0.0.1:{port}"
        demo = {"HUYING_DEMO_STAFF": demo_staff(options, env)}
        env = (
            _environment(directory, runtime, port, has_own_servers=bool(options.database_url))
            | _without_overridden_secrets(env)
            | demo
        )
        await _once(directory, env, "prepare", *options.processes, "--channels", str(directory / "channels.json"))
        runtime.relay_shards = int((os.environ | env).get("HUYING_RELAY_SHARDS", "1"))
        for name in options.processes:
            await household.work(name, env)
        promise = broker.promise if broker else "your own broker"
        demo_pages = (env.get(name) == "true" for name in ("HUYING_DEMO_STAFF", "HUYING_INBOX"))
        running = Running(options, runtime, promise, household.supervisors, *demo_pages)
        await running.ready()
        yield running


def _expect_public_address(options: Options, env: Mapping[str, str]) -> None:
    """Require a public URL with an external database: there, messages with links go to real people."""
    if options.database_url and not (os.environ | dict(env)).get("HUYING_PUBLIC_URL"):
        raise Unusable(
            "HUYING_PUBLIC_URL is missing: with a database of your own, say under which address citizens reach the"
            " pages and the API, such as https://huying.example.gov.cn; it stands in every message and every link"
        )


def _broker(options: Options, directory: Path) -> Callable[[int], EmbeddedBroker | ApacheKafka]:
    if options.broker == ApacheKafka.kind:
        return partial(ApacheKafka, directory, cache=options.kafka_cache)
    return partial(EmbeddedBroker, directory)


def _environment(directory: Path, runtime: Runtime, port: int, has_own_servers: bool) -> dict[str, str]:
    pacing = {"HUYING_FETCH_PACING": "0.05"} if runtime.broker == EmbeddedBroker.kind else {}
    trial_settings = {} if has_own_servers else _trial_settings(directory)
    return (
        pacing
        | trial_settings
        | {
            "DATABASE_URL": runtime.database_url,
            "KAFKA_BOOTSTRAP_SERVERS": runtime.kafka_bootstrap_servers,
            "HUYING_STATE_DIR": str(directory),
            "HUYING_DEPLOYMENT": runtime.deployment,
            "HUYING_ATTACHMENTS_FOLDER": os.environ.get("HUYING_ATTACHMENTS_FOLDER") or str(directory / "attachments"),
            "HUYING_INSTANCE": "0",
            "HUYING_PORT": str(port),
            "HUYING_PUBLIC_URL": os.environ.get("HUYING_PUBLIC_URL") or runtime.url,
            "HUYING_INTAKE_URL": runtime.url,
            "HUYING_REPORTING_URL": runtime.url,
            "HUYING_FEEDBACK_URL": runtime.url,
            "PYTHONUNBUFFERED": "1",
        }
    )


def _trial_settings(directory: Path) -> dict[str, str]:
    """The settings for trying out, without an external database: design pages, and an inbox unless messages are sent
    elsewhere."""
    usual = {"HUYING_DESIGN_PAGES": "true"}
    if not (os.environ.get("HUYING_GATEWAYS") or os.environ.get("HUYING_NOTIFICATION_FILE")):
        usual |= {"HUYING_NOTIFICATION_FILE": str(directory / "messages.jsonl"), "HUYING_INBOX": "true"}
    return {name: os.environ.get(name) or value for name, value in usual.items()}


def demo_staff(options: Options, env: Mapping[str, str]) -> str:
    """`true` or `false`: whether invented people may sign in. They may only if all servers are embedded."""
    environment = os.environ | dict(env)
    is_real = options.database_url or options.bootstrap or environment.get("HUYING_OIDC_ISSUER")
    return "false" if is_real else environment.get("HUYING_DEMO_STAFF") or "true"


def _without_overridden_secrets(env: Mapping[str, str]) -> dict[str, str]:
    """The variables without those secrets that this process's environment sets: these go first, so that they can be
    changed."""
    return {name: value for name, value in env.items() if name not in SECRETS or not os.environ.get(name)}


def secrets_of(directory: Path) -> dict[str, str]:
    """The secrets of this deployment; they are generated at its first start."""
    path = directory / "secrets.json"
    stored = read_json(path)
    if stored is None:
        stored = {name: secrets.token_urlsafe(48) for name in SECRETS}
        write_private(path, stored)
    return {name: str(value) for name, value in stored.items()}


@contextlib.contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    lock = _claimed(directory / "lock")
    if lock is None:
        runtime = Runtime.read(directory)
        where = f" at {runtime.url}" if runtime and runtime.url else ""
        raise Unusable(
            f"Huying runs already{where} with its data in {directory}: use that one, or set HUYING_STATE_DIR"
        )
    with lock:
        yield


def _claimed(path: Path) -> IO[str] | None:
    """Take the lock, with a few tries: a command that only checks the lock also holds it for a moment."""
    for _ in range(LOOKS):
        if lock := claim(path):
            return lock
        time.sleep(0.05)
    return None


async def _once(directory: Path, env: Mapping[str, str], *arguments: str) -> None:
    """Run a command to its end; raises `Unusable` with its last output if it fails."""
    program = Program(arguments[0], (*HUYING, *arguments), env=env)
    child = ManagedProcess(program, directory / "logs" / f"{arguments[0]}.log")
    await child.start()
    try:
        code = await child.wait()
    finally:  # Ctrl-C in the middle
        await uninterrupted(child.stop())
    if code:
        words = child.last_lines(60) or f"it wrote nothing and ended with code {code}"
        raise Unusable(f"`huying {' '.join(arguments)}` failed:\n{words}")
