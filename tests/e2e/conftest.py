"""A whole deployment for a module, or for several: real servers, real processes, one supervisor."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from importlib.util import find_spec
from pathlib import Path

import pytest

from deploy.local.deployment import PROCESSES, Options, Running, deployed
from deploy.local.ports import free_port
from deploy.local.state import state_dir
from tests.bench.rig import unlimited
from tests.conftest import KAFKA, reachable
from tests.independent.myla311 import part
from tests.tracing.collector import Collector, collecting

LONG = bool(os.environ.get("HUYING_LONG"))
REAL = Path(__file__).parents[3] / "shared" / "data" / "myla311_2017.csv"


@pytest.fixture(scope="session")
def real_file() -> Path:
    """The 9,999 service requests of Los Angeles, which lie beside the project and are no part of it."""
    if not REAL.exists():
        pytest.skip(f"the real input {REAL.name} does not lie beside the project")
    return REAL


def share_of(real_file: Path, folder: Path, every: int) -> Path:
    """All of it on Apache Kafka and in a long run; else one of `every` requests, which takes as much less time."""
    if KAFKA or LONG:
        return real_file
    file = folder / real_file.name
    file.write_bytes(part(real_file.read_bytes(), every))
    return file


@pytest.fixture(scope="session")
def imported_file(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The requests whose figures are compared with the file."""
    return share_of(real_file, tmp_path_factory.mktemp("part"), 6)


@pytest.fixture(scope="session")
def long_file(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The requests during whose import processes are killed."""
    return share_of(real_file, tmp_path_factory.mktemp("part"), 3)


@pytest.fixture(scope="package")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Everything up, on the broker under test, for the modules that kill and stop processes."""
    async with everything(reachable(tmp_path_factory, "deployment"), {}) as found:
        await unlimited(found.runtime.database_url)
        yield found


@pytest.fixture(scope="package")
async def collector(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Collector | None]:
    """A collector of traces that is not ours; None where it has no package for this machine."""
    if find_spec("rotel") is None:
        yield None
        return
    async with collecting(tmp_path_factory.mktemp("collector")) as found:
        yield found


@pytest.fixture(scope="package")
async def shared(collector: Collector | None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Everything up, with a mailbox, and traces of those who begin one: for the modules that count no more than what
    they have told themselves. To start all of this takes most of their time."""
    env = {
        "HUYING_MAIL_PORT": str(free_port()), "HUYING_MAIL_PROTOCOL": "smtp", "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint if collector else "",
    }  # fmt: skip
    async with everything(reachable(tmp_path_factory, "shared"), env, "intake-mail") as found:
        await unlimited(found.runtime.database_url)
        yield found


def everything(directory: Path, env: Mapping[str, str], *more: str) -> AbstractAsyncContextManager[Running]:
    """A deployment on the broker under test; messages go into a file. `more`: processes beside the usual ones."""
    return deployed(
        Options(
            directory=directory,
            port=0,
            broker="apache-kafka" if KAFKA else "embedded",
            kafka_cache=state_dir() / "cache",
            processes=(*PROCESSES, *more),
            env={"HUYING_NOTIFICATION_FILE": str(directory / "messages.jsonl"), **env},
        )
    )


def huying(running: Running, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    """The command line, against this deployment."""
    env = {**os.environ, "HUYING_STATE_DIR": str(running.options.directory), "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", *arguments],
        env=env, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
