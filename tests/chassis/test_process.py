"""A process ends in time and logs why, whatever its parts do."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import free_port
from tests.children import PATIENCE, ended_by_itself
from tests.eventually import eventually
from tests.keys import KEYS

ROOT = Path(__file__).parents[2]
PROCESS = """
import asyncio
from shared.chassis.kafka import cluster
from shared.chassis.process import run
from shared.chassis.consumer.delivery import TooMuchPoison
from shared.chassis.base.settings import ProcessSettings

async def deaf():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def fails():
    raise {fault}

async def leaves_a_task():
    asyncio.create_task(deaf())
    await asyncio.sleep(0)
    raise {fault}

async def build():
    return run.Components(running=[{parts}])

run.PATIENCE = 0.2
run.main("probe", ProcessSettings(database_url="postgresql://x", health_port=0), build)
"""


def end_of(path: Path, parts: str, fault: str = "RuntimeError('boom')") -> tuple[int, str]:
    """The exit code and the output of a process with these parts."""
    code = ended_by_itself(PROCESS.format(parts=parts, fault=fault), path)
    return code, path.read_text("utf-8")


@pytest.mark.parametrize(
    ("fault", "code"),
    [("cluster.BrokerReplaced('a is gone, b is here')", 75), ("TooMuchPoison('11 in a row')", 65), ("OSError()", 1)],
)
def test_the_exit_code_of_a_process_says_why_it_ended(tmp_path: Path, fault: str, code: int):
    assert end_of(tmp_path / "said", "fails()", fault)[0] == code


def test_a_process_ends_although_a_part_left_a_task_that_ignores_cancellation(tmp_path: Path):
    code, output = end_of(tmp_path / "said", "leaves_a_task()")
    assert code == 1
    assert "stopped" in output
    assert "without waiting" not in output


@pytest.mark.parametrize("kept", ["HUYING_SECRET", "HUYING_VAULT_KEY"])
def test_a_process_without_its_secrets_stops_and_says_how_to_make_them(kept: str):
    secret = {"HUYING_SECRET": KEYS["secret"], "HUYING_VAULT_KEY": KEYS["vault_key"]}[kept]
    env = {"DATABASE_URL": "postgresql://x", kept: secret, "PATH": os.environ["PATH"]}
    start = [sys.executable, "-m", "deploy.cli.main", "run", "intake-api"]
    process = subprocess.run(start, env=env, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    missing = {"HUYING_SECRET", "HUYING_VAULT_KEY"} - {kept}
    assert process.returncode == 78, process.stderr
    assert f"huying: {missing.pop()}: is not set" in process.stderr
    assert "openssl rand -base64 48" in process.stderr


def test_a_process_ends_although_a_part_ignores_cancellation(tmp_path: Path):
    code, output = end_of(tmp_path / "said", "fails(), deaf()", "cluster.BrokerReplaced('a is gone, b is here')")
    assert (code, "stopped at once, without waiting" in output) == (75, True), output


WAITING = """
from shared.chassis.kafka import cluster
from shared.chassis.process import run
from shared.chassis.kafka.client import Kafka
from shared.chassis.base.settings import ProcessSettings

async def build():
    await cluster.wait_for_cluster(Kafka("127.0.0.1:{closed}"))
    return run.Components()

told = {{"DATABASE_URL": "postgresql://x", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:{closed}", "health_port": {health}}}
run.main("probe", ProcessSettings.model_validate(told), build)
"""


async def test_a_process_that_waits_for_its_broker_says_so_and_ends_when_asked():
    closed, health = free_port(), free_port()
    program = WAITING.format(closed=closed, health=health)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.DEVNULL)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{health}", trust_env=False) as client:

            async def said() -> tuple[int, str]:
                try:
                    answer = await client.get("/readyz")
                except httpx.HTTPError as fault:
                    return 0, repr(fault)
                return answer.status_code, answer.text

            status, words = await eventually(said, lambda found: found[0] > 0)
            assert (status, f"127.0.0.1:{closed}" in words) == (503, True)
            assert (await client.get("/livez")).status_code == 200
            assert "huying_http_request_seconds" in (await client.get("/metrics")).text
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        if process.returncode is None:
            process.kill()


def test_a_wrong_setting_ends_a_process_with_its_name_and_no_more(tmp_path: Path):
    program = """
import os
from shared.chassis.process import run
from shared.chassis.base.settings import ProcessSettings, read

async def build():
    os.environ["HUYING_BATCH_SIZE"] = "x"
    read(ProcessSettings)

run.main("probe", ProcessSettings(DATABASE_URL="postgresql://x"), build)
"""
    code = ended_by_itself(program, tmp_path / "said")
    output = (tmp_path / "said").read_text("utf-8")
    assert (code, "HUYING_BATCH_SIZE" in output, "Traceback" in output) == (78, True, False)
