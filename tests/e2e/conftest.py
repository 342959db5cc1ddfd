"""A whole deployment for a module: real servers, real processes, one supervisor."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.deployment import Options, Running, deployed
from deploy.local.state import state_dir
from tests.bench.rig import unlimited
from tests.conftest import KAFKA, reachable
from tests.independent.myla311 import third

LONG = bool(os.environ.get("HUYING_LONG"))
REAL = Path(__file__).parents[3] / "shared" / "data" / "myla311_2017.csv"


@pytest.fixture(scope="session")
def real_file() -> Path:
    """The 9,999 service requests of Los Angeles, which lie beside the project and are no part of it."""
    if not REAL.exists():
        pytest.skip(f"the real input {REAL.name} does not lie beside the project")
    return REAL


@pytest.fixture(scope="session")
def imported_file(real_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of it on Apache Kafka and in a long run; else a third, which takes a third of the time.

    On the embedded broker `test_faults.py` imports all of it."""
    if KAFKA or LONG:
        return real_file
    part = tmp_path_factory.mktemp("part") / real_file.name
    part.write_bytes(third(real_file.read_bytes()))
    return part


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Everything up, on the broker under test."""
    directory = reachable(tmp_path_factory, "deployment")
    options = Options(
        directory=directory,
        port=0,
        broker="apache-kafka" if KAFKA else "embedded",
        kafka_cache=state_dir() / "cache",
        env={"HUYING_NOTIFICATION_FILE": str(directory / "messages.jsonl")},
    )
    async with deployed(options) as found:
        await unlimited(found.runtime.database_url)
        yield found


def huying(running: Running, *arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    """The command line, against this deployment."""
    env = {**os.environ, "HUYING_STATE_DIR": str(running.options.directory), "COLUMNS": "200"}
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli.main", *arguments],
        env=env, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
