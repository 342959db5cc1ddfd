"""A whole deployment under one supervisor: ordered start, restarts, ordered end."""

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

PROCESSES: Final = ("gateway", "intake-worker", "routing-worker", "feedback-worker", "reporting-projector")
START_WITHIN: Final = 60.0
LOOKS: Final = 5
SECRETS: Final = ("HUYING_SECRET", "HUYING_VAULT_KEY", "HUYING_LASTING_SECRET")


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
    supervisors: dict[str, Supervisor]
    has_demo_staff: bool = False
    has_inbox: bool = False

    @property
    def url(self) -> str:
        """Where the pages and the API are."""
        return self.runtime.url

    def pid(self, name: str) -> int:
        """The process id of a child as of now."""
        return self.supervisors[name].child.pid

    def kill(self, name: str) -> None:
        """End a child as a crash would; its supervisor starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    async def ready(self, within: float = START_WITHIN) -> None:
        """Return when every process says that it can work; raises `Unusable` naming the one that cannot."""
        for name in self.options.processes:
            await self.supervisors[name].until_ready(within)


@asynccontextmanager
async def deployed(options: Options) -> AsyncIterator[Running]:
    """Start everything in order, hand it over, end everything in reverse order."""
    directory = prepare(options.directory)
    async with contextlib.AsyncExitStack() as stack:
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
        env = _environment(directory, runtime, port, outside=bool(options.database_url)) | _given(env) | demo
        await _once(directory, env, "prepare", *options.processes, "--channels", str(directory / "channels.json"))
        runtime.relay_shards = int((os.environ | env).get("HUYING_RELAY_SHARDS", "1"))
        for name in options.processes:
            await household.work(name, env)
        promise = broker.promise if broker else "your own broker"
        shown = (env.get(name) == "true" for name in ("HUYING_DEMO_STAFF", "HUYING_INBOX"))
        running = Running(options, runtime, promise, household.supervisors, *shown)
        await running.ready()
        yield running


def _expect_public_address(options: Options, env: Mapping[str, str]) -> None:
    """What stands in every message must be right where the database is one's own: people depend on it there."""
    if options.database_url and not (os.environ | dict(env)).get("HUYING_PUBLIC_URL"):
        raise Unusable(
            "HUYING_PUBLIC_URL is missing: with a database of your own, say under which address citizens reach the"
            " pages and the API, such as https://huying.example.gov.cn; it stands in every message and every link"
        )


def _broker(options: Options, directory: Path) -> Callable[[int], EmbeddedBroker | ApacheKafka]:
    if options.broker == ApacheKafka.kind:
        return partial(ApacheKafka, directory, cache=options.kafka_cache)
    return partial(EmbeddedBroker, directory)


def _environment(directory: Path, runtime: Runtime, port: int, outside: bool) -> dict[str, str]:
    pacing = {"HUYING_FETCH_PACING": "0.05"} if runtime.broker == EmbeddedBroker.kind else {}
    own = {} if outside else _trying_out(directory)
    return (
        pacing
        | own
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


def _trying_out(directory: Path) -> dict[str, str]:
    """What is there where nobody's own database is: design pages, and an inbox unless messages go elsewhere."""
    usual = {"HUYING_DESIGN_PAGES": "true"}
    if not (os.environ.get("HUYING_GATEWAYS") or os.environ.get("HUYING_NOTIFICATION_FILE")):
        usual |= {"HUYING_NOTIFICATION_FILE": str(directory / "messages.jsonl"), "HUYING_INBOX": "true"}
    return {name: os.environ.get(name) or value for name, value in usual.items()}


def demo_staff(options: Options, env: Mapping[str, str]) -> str:
    """`true` or `false`: whether made-up people sign in, as they may where everything is started here alone."""
    given = os.environ | dict(env)
    own = options.database_url or options.bootstrap or given.get("HUYING_OIDC_ISSUER")
    return "false" if own else given.get("HUYING_DEMO_STAFF") or "true"


def _given(env: Mapping[str, str]) -> dict[str, str]:
    """Secrets of the environment go before those that were made here, so that they can be changed there."""
    return {name: value for name, value in env.items() if name not in SECRETS or not os.environ.get(name)}


def secrets_of(directory: Path) -> dict[str, str]:
    """Secrets of this deployment, made at its first start."""
    path = directory / "secrets.json"
    known = read_json(path)
    if known is None:
        known = {name: secrets.token_urlsafe(48) for name in SECRETS}
        write_private(path, known)
    return {name: str(value) for name, value in known.items()}


@contextlib.contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    lock = _claimed(directory / "lock")
    if lock is None:
        known = Runtime.read(directory)
        where = f" at {known.url}" if known and known.url else ""
        raise Unusable(
            f"Huying runs already{where} with its data in {directory}: use that one, or set HUYING_STATE_DIR"
        )
    with lock:
        yield


def _claimed(path: Path) -> IO[str] | None:
    """The lock; a command that only looks whether it is held has it for a moment too."""
    for _ in range(LOOKS):
        if lock := claim(path):
            return lock
        time.sleep(0.05)
    return None


async def _once(directory: Path, env: Mapping[str, str], *arguments: str) -> None:
    """Run a command to its end; raises `Unusable` with its last words."""
    program = Program(arguments[0], (*HUYING, *arguments), env=env)
    child = ManagedProcess(program, directory / "logs" / f"{arguments[0]}.log")
    await child.start()
    try:
        code = await child.wait()
    finally:  # Ctrl-C in the middle
        await child.stop()
    if code:
        words = child.last_lines(60) or f"it wrote nothing and ended with code {code}"
        raise Unusable(f"`huying {' '.join(arguments)}` failed:\n{words}")
