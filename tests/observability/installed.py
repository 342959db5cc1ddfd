"""Finds Prometheus on this machine, and runs it."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml

from deploy.local.ports import free_port
from tests.children import killed_at_the_end
from tests.eventually import eventually

REQUIRED: Final = "HUYING_TEST_PROMETHEUS"
"""Set by .ci/run to `required`: where Prometheus is missing, its tests fail instead of being left out."""
MISSING: Final = "no Prometheus on this machine: on Debian `apt-get install prometheus`"


def program(name: str) -> str:
    """The path of `promtool` or `prometheus`; without one the test is left out, or fails where it is required."""
    path = shutil.which(name)
    if not path and os.environ.get(REQUIRED) == "required":
        pytest.fail(MISSING)
    if not path:
        pytest.skip(MISSING)
    return path


def promtool(*arguments: str, given: bytes = b"") -> None:
    """Ask promtool; fails with its words where it finds something wrong."""
    done = subprocess.run([program("promtool"), *arguments], input=given, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


@asynccontextmanager
async def prometheus(folder: Path, configuration: Mapping[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A Prometheus of one's own with this configuration, and who asks it."""
    path, port = folder / "prometheus.yml", free_port()
    path.write_text(yaml.safe_dump(dict(configuration)))
    await asyncio.to_thread(promtool, "check", "config", str(path))
    command = [program("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    async with killed_at_the_end(*command), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        await eventually(lambda: _is_ready(client), bool)
        yield client


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/-/ready")).status_code == 200
    except httpx.TransportError:
        return False
