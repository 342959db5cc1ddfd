"""Fixtures of all tests: one PostgreSQL and one broker per run, one fresh migrated database per test."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from httpx._transports import default
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from deploy.cli.services import manifests
from deploy.local.kafka import ApacheKafka
from deploy.local.noida import EmbeddedBroker
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import ManagedProcess, Program
from deploy.local.state import prepare, state_dir
from deploy.local.supervisor import Supervisor
from services.intake import app as intake
from services.intake.channels.keys import key_cache
from services.intake.settings import IntakeSettings
from shared import masking
from shared.chassis.database.migrate import migrate
from shared.chassis.kafka.client import Kafka
from shared.chassis.kafka.cluster import create_topics
from shared.chassis.process.run import settle
from shared.masker.masker import Masker
from tests import type_adapters
from tests.built import Built
from tests.city import City, opened_city
from tests.databases import Databases, on
from tests.keys import KEYS
from tests.packs import CITIES
from tests.sandboxes import KeptProcesses

# On a busy machine an example may take long, which is no failure.
hypothesis.settings.register_profile("shared cores", deadline=None)
hypothesis.settings.load_profile("shared cores")

# The same for responses: the five seconds of httpx are too short for three servers on two cores.
DEFAULT_TIMEOUT_CONFIG.read = DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.pool = 60

type_adapters.install()

# Without bytecode every process of a deployment and every worker would compile all its modules again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Otherwise every client would load the same CA certificates, which takes longer than most requests.
default.create_ssl_context = lru_cache(default.create_ssl_context)

# Read by all settings, and by the processes of whole deployments.
os.environ["HUYING_JURISDICTIONS"] = ",".join(CITIES)

TEMPLATE = "huying_migrated"
UNREACHABLE = "postgresql://127.0.0.1:9/nowhere"
# Test data need not survive a power failure; whole deployments keep the product's settings.
NO_DURABILITY = ("-c", "fsync=off", "-c", "full_page_writes=off")
E2E, DRILL = "tests/e2e", "tests/recovery/test_restore.py"
# Seconds; a process may start slowly on a busy machine.
PATIENCE = 300
KAFKA = os.environ.get("HUYING_TEST_BROKER", EmbeddedBroker.kind) == ApacheKafka.kind


class ByFile(LoadFileScheduling):
    """A worker runs whole files, and one worker runs all files that start a deployment: two would wait for each other.

    It runs these first, and the other worker runs the long drill, so that both share short files at the end."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        for scope in (DRILL, E2E):
            if scope in self.workqueue:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        return E2E if nodeid.startswith(E2E) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """The scheduler that distributes tests among several workers."""
    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from scanning thousands of collected tests again and again."""
    settle()


def pytest_sessionfinish() -> None:
    """The same at the end, where pytest collects garbage five times."""
    gc.freeze()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and its supervisor to stop and start it."""

    url: str
    keeper: Supervisor


def reachable(factory: pytest.TempPathFactory, name: str) -> Path:
    """A state directory that another user can reach, since PostgreSQL does not run as root."""
    state = prepare(factory.mktemp(name))
    for folder in (state, *state.parents[:3]):  # the folders of this run; with several workers there is one more level
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    return state


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of this test run."""
    return reachable(tmp_path_factory, "state")


def supervised(program: Program, directory: Path, **options: object) -> Supervisor:
    """A supervisor that logs into the run's directory."""
    return Supervisor(ManagedProcess(program, directory / "logs" / f"{program.name}.log"), **options)  # type: ignore[arg-type]


def _no_password(directory: Path) -> Path:
    """Lets everybody connect without a password: hashing it would slow down each of the run's many connections."""
    path = directory / "trusting.conf"
    path.write_text("host all all 127.0.0.1/32 trust\n")
    path.chmod(0o644)
    return path


@pytest.fixture(scope="session")
async def postgres(directory: Path) -> AsyncIterator[Server]:
    """A real PostgreSQL with one migrated template database."""
    server = EmbeddedPostgres(directory, free_port())
    command = (*server.program.command, *NO_DURABILITY, "-c", f"hba_file={_no_password(directory)}")
    program = replace(server.program, command=command)
    supervisor = supervised(program, directory, before=server.prepare, after=server.ready)
    await supervisor.start()
    db = await asyncpg.connect(server.url)
    await db.execute(f"CREATE DATABASE {TEMPLATE}")
    await db.close()
    for service in manifests():
        await migrate(on(server.url, TEMPLATE), service.name, service.migrations)
    yield Server(server.url, supervisor)
    await supervisor.stop()


@pytest.fixture(scope="session")
async def databases(postgres: Server) -> AsyncIterator[Databases]:
    """Migrated databases, which tests use one after another."""
    opened = Databases(postgres.url, TEMPLATE)
    await opened.look()
    yield opened
    await opened.close()


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[str]:
    """The DSN of a fresh database with every schema."""
    async with databases.fresh() as dsn:
        yield dsn


@pytest.fixture(scope="session")
def intake_built() -> Built:
    """Intake's API, built once for all tests that need no settings of their own."""
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": UNREACHABLE})
    return Built("intake", partial(intake.api, settings), key_cache)


@pytest.fixture(scope="session")
async def only_city(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[City, str]]:
    """One city per run, and its database."""
    folder = tmp_path_factory.mktemp("attachments")
    async with fresh_database(postgres) as database, opened_city(database, folder) as opened:
        yield opened, database


@pytest.fixture
async def city(only_city: tuple[City, str], databases: Databases) -> AsyncIterator[City]:
    """The city, with an empty database."""
    opened, database = only_city
    yield opened
    await databases.empty(database)
    await opened.forget()


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """The processes that mask texts and parse mails get more time to start, for busy machines."""
    with pytest.MonkeyPatch.context() as patch:
        for module in ("shared.masker.masker", "services.intake.inbound.mail.reader"):
            patch.setattr(f"{module}.SECONDS", PATIENCE)
        yield


@pytest.fixture(scope="session", autouse=True)
async def kept_processes() -> AsyncIterator[KeptProcesses]:
    """One process that masks texts and one that parses mails, which all tests use."""
    processes = KeptProcesses(asyncio.get_running_loop())
    with processes.installed():
        yield processes
    await processes.end()


@pytest.fixture
def own_processes(kept_processes: KeptProcesses) -> Iterator[None]:
    """The test's maskers and mail readers each start and end a process of their own."""
    with kept_processes.off():
        yield


@pytest.fixture
async def masker() -> AsyncIterator[Masker]:
    """A masker, whose process ends with the test."""
    new = Masker()
    yield new
    await new.process.close()


@pytest.fixture
def masked_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All texts that are masked in this process itself from now on."""
    texts: list[str] = []
    real = masking._masked

    def record(text: str, *rules: Any) -> str:
        texts.append(text)
        return real(text, *rules)

    monkeypatch.setattr(masking, "_masked", record)
    return texts


@asynccontextmanager
async def fresh_database(postgres: Server, template: str = TEMPLATE) -> AsyncIterator[str]:
    """A new database for one test; with `template1` as template it is empty."""
    name = f"t{uuid4().hex}"
    db = await asyncpg.connect(postgres.url)
    await db.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield on(postgres.url, name)
    await db.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await db.close()


@pytest.fixture(scope="session")
async def broker(directory: Path) -> AsyncIterator[Server]:
    """The embedded broker, or Apache Kafka if HUYING_TEST_BROKER says so, with our topics."""
    server = (
        ApacheKafka(directory, free_port(), cache=state_dir() / "cache")
        if KAFKA
        else EmbeddedBroker(directory, free_port())
    )
    supervisor = supervised(server.program, directory, before=server.prepare, after=server.ready, ended=server.ended)
    await supervisor.start()
    await create_topics(Kafka(server.bootstrap))
    yield Server(server.bootstrap, supervisor)
    await supervisor.stop()


@pytest.fixture
async def own_broker(directory: Path) -> AsyncIterator[Server]:
    """A broker that only this test uses."""
    folder = prepare(directory / f"broker-{uuid4()}")
    port = free_port()
    server = ApacheKafka(folder, port, cache=state_dir() / "cache") if KAFKA else EmbeddedBroker(folder, port)
    supervisor = supervised(server.program, directory, before=server.prepare, after=server.ready, ended=server.ended)
    await supervisor.start()
    await create_topics(Kafka(server.bootstrap))
    yield Server(server.bootstrap, supervisor)
    await supervisor.stop()
