"""Two deployments that are started at the same moment get ports of their own, and neither points at the other."""

import asyncio
import json
import os
import socket
import stat
from pathlib import Path

import httpx
import pytest

from deploy.local.deployment import Options, Running, deployed
from deploy.local.state import Runtime, Unusable
from tests.conftest import reachable
from tests.e2e.conftest import huying


async def up(directory: Path, port: int, both: asyncio.Barrier) -> tuple[Running, set[str]]:
    """Start one, look what answers at its address, and end it when the other one has looked too."""
    async with deployed(Options(directory, port=port)) as running:
        await both.wait()
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{running.url}/readyz")
            shown = (await client.get(f"{running.url}/sign-in")).text
        code = await asyncio.to_thread(lambda: huying(running, "doctor").wait(60))
        await both.wait()
        made_up = "made-up people" if 'name="person"' in shown else "nobody"
        return running, {answer.headers["Huying-Deployment"], f"doctor {code}", made_up}


async def test_two_deployments_that_start_at_once_share_nothing(tmp_path_factory: pytest.TempPathFactory):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    homes = [reachable(tmp_path_factory, name) for name in ("left", "right")]
    both = asyncio.Barrier(2)
    found = await asyncio.gather(*(up(home, port, both) for home in homes))
    urls = [running.url for running, _ in found]
    assert len(set(urls)) == 2
    for running, told in found:
        assert told == {running.runtime.deployment, "doctor 0", "made-up people"}
    taken = [running.runtime.database_url for running, _ in found]
    taken += [running.runtime.kafka_bootstrap_servers for running, _ in found]
    assert len(set(taken)) == 4
    for home in homes:
        secret = home / "secrets.json"
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
        assert {"HUYING_SECRET", "HUYING_VAULT_KEY", "HUYING_LASTING_SECRET"} <= set(json.loads(secret.read_text()))


async def test_a_start_with_wrong_settings_says_all_of_them_and_nothing_stays_behind(
    tmp_path_factory: pytest.TempPathFactory,
):
    directory = reachable(tmp_path_factory, "wrong")
    wrong = {"HUYING_SECRET": "short", "HUYING_KEEP_ANSWERS_DAYS": "never", "HUYING_BATCH_SIZE": "0"}
    with pytest.raises(Unusable) as refused:
        async with deployed(Options(directory, port=0, env=wrong)):
            pass
    for name in wrong:
        assert f"huying: {name}: " in str(refused.value)
    assert Runtime.running(directory) is None


async def test_a_database_of_ones_own_without_a_public_address_is_refused_before_anything_starts(tmp_path: Path):
    os.environ.pop("HUYING_PUBLIC_URL", None)
    options = Options(tmp_path, port=0, database_url="postgresql://huying@db.example/huying", bootstrap="kafka:9092")
    with pytest.raises(Unusable, match="HUYING_PUBLIC_URL is missing"):
        async with deployed(options):
            pass


def test_what_a_supervisor_that_was_killed_left_behind_is_not_taken_for_running(tmp_path: Path):
    (tmp_path / "lock").touch()
    Runtime("http://127.0.0.1:1", "postgresql://x", "k:1", "embedded", {}, "", "").write(tmp_path)
    assert Runtime.read(tmp_path) is not None
    assert Runtime.running(tmp_path) is None


@pytest.mark.parametrize("noted", ["", "{", "[]", "3", '{"url": "http://x"}'])
def test_a_note_that_cannot_be_read_is_told_in_words(tmp_path: Path, noted: str):
    (tmp_path / "runtime.json").write_text(noted, "utf-8")
    with pytest.raises(Unusable, match=r"runtime\.json"):
        Runtime.read(tmp_path)
