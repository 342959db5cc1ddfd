"""What every test may ask for: one PostgreSQL and one broker a run, a fresh migrated database a test."""

import asyncio
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

# A processor that is busy elsewhere for a moment is no fault of an example.
hypothesis.settings.register_profile("shared cores", deadline=None)
hypothesis.settings.load_profile("shared cores")

# The same for an answer: five seconds, which httpx waits by itself, pass on two cores with three servers.
DEFAULT_TIMEOUT_CONFIG.read = DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.pool = 60

type_adapters.install()

# Else every process of every deployment, and every worker, would compile all its modules anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Every client would read the same list of authorities anew, which takes longer than what most of them ask.
default.create_ssl_context = lru_cache(default.create_ssl_context)

# Read wherever settings are, and by the processes of whole deployments.
os.environ["HUYING_JURISDICTIONS"] = ",".join(CITIES)

TEMPLATE = "huying_migrated"
NOWHERE = "postgresql://127.0.0.1:9/nowhere"
# Nobody reads a test's data after a power failure; whole deployments keep the settings of the product.
FORGETFUL = ("-c", "fsync=off", "-c", "full_page_writes=off")
E2E, DRILL = "tests/e2e", "tests/recovery/test_restore.py"
# Seconds: on a machine that is busy elsewhere a process may take long to start.
PATIENCE = 300
KAFKA = os.environ.get("HUYING_TEST_BROKER", EmbeddedBroker.kind) == ApacheKafka.kind


class ByFile(LoadFileScheduling):
    """A worker takes whole files, and one takes all that start a deployment: two would wait for each other.

    It takes these first, and the other worker the long drill, so that both have short files to share at the end."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        for scope in (DRILL, E2E):
            if scope in self.workqueue:
                self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        return E2E if nodeid.startswith(E2E) else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """What hands the tests out when there are several workers."""
    return ByFile(config, log)


def pytest_collection_finish() -> None:
    """Thousands of tests are not looked through again and again for garbage."""
    settle()


@dataclass(frozen=True, slots=True)
class Server:
    """Something that listens, and how to stop and start it."""

    url: str
    keeper: Supervisor


def reachable(factory: pytest.TempPathFactory, name: str) -> Path:
    """A state directory that another user can reach, since PostgreSQL does not run as root."""
    found = prepare(factory.mktemp(name))
    for folder in (found, *found.parents[:3]):  # the run's own: one more where it is shared out among workers
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    return found


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state directory of this test run."""
    return reachable(tmp_path_factory, "state")


def kept(program: Program, directory: Path, **more: object) -> Supervisor:
    """A keeper that logs into the run's directory."""
    return Supervisor(ManagedProcess(program, directory / "logs" / f"{program.name}.log"), **more)  # type: ignore[arg-type]


def _trusting(directory: Path) -> Path:
    """Who may connect: a password costs both sides thousands of rounds at each of a run's many connections."""
    path = directory / "trusting.conf"
    path.write_text("host all all 127.0.0.1/32 trust\n")
    path.chmod(0o644)
    return path


@pytest.fixture(scope="session")
async def postgres(directory: Path) -> AsyncIterator[Server]:
    """A real PostgreSQL with one migrated template database."""
    server = EmbeddedPostgres(directory, free_port())
    command = (*server.program.command, *FORGETFUL, "-c", f"hba_file={_trusting(directory)}")
    program = replace(server.program, command=command)
    keeper = kept(program, directory, before=server.prepare, after=server.ready)
    await keeper.start()
    db = await asyncpg.connect(server.url)
    await db.execute(f"CREATE DATABASE {TEMPLATE}")
    await db.close()
    for service in manifests():
        await migrate(on(server.url, TEMPLATE), service.name, service.migrations)
    yield Server(server.url, keeper)
    await keeper.stop()


@pytest.fixture(scope="session")
async def databases(postgres: Server) -> AsyncIterator[Databases]:
    """The databases with every schema, which tests use one after another."""
    found = Databases(postgres.url, TEMPLATE)
    await found.look()
    yield found
    await found.close()


@pytest.fixture
async def database(databases: Databases) -> AsyncIterator[str]:
    """The DSN of a fresh database with every schema."""
    async with databases.fresh() as found:
        yield found


@pytest.fixture(scope="session")
def intake_built() -> Built:
    """Intake's API, built once for all tests that need no settings of their own."""
    settings = IntakeSettings.model_validate(KEYS | {"DATABASE_URL": NOWHERE})
    return Built("intake", partial(intake.api, settings), key_cache)


@pytest.fixture(scope="session")
async def only_city(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[City, str]]:
    """One city a run, and its database."""
    folder = tmp_path_factory.mktemp("attachments")
    async with fresh_database(postgres) as database, opened_city(database, folder) as found:
        yield found, database


@pytest.fixture
async def city(only_city: tuple[City, str], databases: Databases) -> AsyncIterator[City]:
    """The city, in which nothing has happened yet."""
    found, database = only_city
    yield found
    await databases.empty(database)
    found.forget()


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """The processes that mask words and read letters may take long to start where the machine is busy elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        for place in ("shared.masker.masker", "services.intake.inbound.mail.reader"):
            patched.setattr(f"{place}.SECONDS", PATIENCE)
        yield


@pytest.fixture(scope="session", autouse=True)
async def kept_processes() -> AsyncIterator[KeptProcesses]:
    """One process that masks words, and one that reads letters, serve test after test."""
    kept = KeptProcesses(asyncio.get_running_loop())
    with kept.installed():
        yield kept
    await kept.end()


@pytest.fixture
def own_processes(kept_processes: KeptProcesses) -> Iterator[None]:
    """Whoever masks words or reads letters starts and ends a process of its own."""
    with kept_processes.off():
        yield


@pytest.fixture
async def masker() -> AsyncIterator[Masker]:
    """A masker, whose process ends with the test."""
    found = Masker()
    yield found
    await found.process.close()


@pytest.fixture
def masked_here(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that this process itself masks from now on, whoever asks for it."""
    texts: list[str] = []
    real = masking._masked

    def noted(text: str, *rules: Any) -> str:
        texts.append(text)
        return real(text, *rules)

    monkeypatch.setattr(masking, "_masked", noted)
    return texts


@asynccontextmanager
async def fresh_database(postgres: Server, template: str = TEMPLATE) -> AsyncIterator[str]:
    """A database of one's own for as long as it is needed; of `template1` it holds nothing."""
    name = f"t{uuid4().hex}"
    db = await asyncpg.connect(postgres.url)
    await db.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield on(postgres.url, name)
    await db.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await db.close()


@pytest.fixture(scope="session")
async def broker(directory: Path) -> AsyncIterator[Server]:
    """The embedded broker, or Apache Kafka where HUYING_TEST_BROKER says so, with our topics."""
    server = (
        ApacheKafka(directory, free_port(), cache=state_dir() / "cache")
        if KAFKA
        else EmbeddedBroker(directory, free_port())
    )
    keeper = kept(server.program, directory, before=server.prepare, after=server.ready, ended=server.ended)
    await keeper.start()
    await create_topics(Kafka(server.bootstrap))
    yield Server(server.bootstrap, keeper)
    await keeper.stop()


@pytest.fixture
async def own_broker(directory: Path) -> AsyncIterator[Server]:
    """A broker whose topics nobody else needs."""
    folder = prepare(directory / f"broker-{uuid4()}")
    port = free_port()
    server = ApacheKafka(folder, port, cache=state_dir() / "cache") if KAFKA else EmbeddedBroker(folder, port)
    keeper = kept(server.program, directory, before=server.prepare, after=server.ready, ended=server.ended)
    await keeper.start()
    await create_topics(Kafka(server.bootstrap))
    yield Server(server.bootstrap, keeper)
    await keeper.stop()
