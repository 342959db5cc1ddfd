"""Fixtures: gateways that call intake's API in this process, on a real database."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.intake.channels import keys
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.vault.sealing import Vault
from shared.chassis.database.pool import Pool
from shared.contracts.demand.facts import ChannelKind
from tests.intake.conftest import settings

DISTRICT = "440605000000"
PEER = Path(__file__).parent / "peer"
Peer = Callable[..., Any]


@pytest.fixture
def vault(database: str) -> Vault:
    return Vault.of(settings(database).vault_key)


@pytest.fixture
async def outside(intake: httpx.ASGITransport) -> AsyncIterator[httpx.AsyncClient]:
    """A client of intake without a key, as external gateways use it."""
    async with httpx.AsyncClient(transport=intake, base_url="http://intake") as client:
        yield client


async def channel(pool: Pool, vault: Vault, kind: ChannelKind, **gateway_settings: str) -> str:
    """Add a channel of this kind, named after it, and return its key."""
    key = await keys.add(pool, kind.value, kind, kind.value)
    await GatewayRegistry(pool, vault).put(kind.value, {"division": DISTRICT} | gateway_settings)
    return key


async def facts(pool: Pool) -> list[dict[str, Any]]:
    """The facts that intake has recorded, in order."""
    async with pool.acquire() as db:
        rows = await db.fetch("SELECT type, payload FROM journal ORDER BY position")
    return [{"type": row["type"]} | json.loads(row["payload"]) for row in rows]


async def kinds(pool: Pool) -> list[str]:
    """The types of the facts that intake has recorded."""
    return [fact["type"].split(".")[1] for fact in await facts(pool)]


async def secrets_of(pool: Pool, vault: Vault) -> str:
    """Everything in the vault, decrypted."""
    async with pool.acquire() as db:
        rows = await db.fetch(
            "SELECT vault.id, vault_key.id AS key, wrapped, sealed FROM vault JOIN vault_key USING (demand_id)"
        )
    return "\n".join(vault.unwrap(row["key"], row["wrapped"]).open(row["id"], row["sealed"]).decode() for row in rows)


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Peer:
    """The npm implementations, installed into a directory of this run."""
    if not shutil.which("npm"):
        pytest.skip("npm is not on this machine; on Debian: apt-get install npm")
    directory = tmp_path_factory.mktemp("peer")
    for name in ("package.json", "package-lock.json", "peer.cjs"):
        shutil.copy(PEER / name, directory)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=directory, check=True, timeout=180)

    def ask(op: str, **arguments: Any) -> Any:
        command = ["node", "--no-deprecation", "peer.cjs"]
        request = json.dumps({"op": op} | arguments).encode()
        return json.loads(subprocess.run(command, cwd=directory, input=request, capture_output=True, check=True).stdout)

    return ask
