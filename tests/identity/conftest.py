"""An OpenID Connect issuer of another library, which gets commands over its standard input."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ISSUER = ROOT / "build" / "issuer"
TOOLS = ROOT / "build" / "sdk" / "tools" / "bin"


@dataclass(slots=True)
class Issuer:
    """A running issuer; `kid` is the id of its signing key."""

    process: Process
    url: str
    kid: str

    async def ask(self, command: str, **details: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"command": command} | details).encode() + b"\n")
        return json.loads(await asyncio.wait_for(self.process.stdout.readline(), 60))

    async def generate(self, alg: str = "RS256") -> str:
        """Sign with a new key from now on; earlier keys stay published."""
        self.kid = (await self.ask("generate", alg=alg))["kid"]
        return self.kid

    async def mint(self, kid: str | None = None, lives: int = 600, **claims: Any) -> str:
        """An access token, signed with the newest key or with the given one."""
        token = (await self.ask("mint", claims=claims, kid=kid, expiresIn=lives))["token"]
        assert isinstance(token, str)
        return token


async def run(*command: str | Path, **options: Any) -> Process:
    env = os.environ | {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=env, **options)


@pytest.fixture(scope="session")
async def issuer_process() -> AsyncIterator[Issuer]:
    """One issuer per run."""
    build = await run("make", "--silent", "build/issuer/ready")
    assert await build.wait() == 0, "the issuer of the tests could not be installed"
    process = await run("node", ISSUER / "issuer.mjs", stdin=PIPE, stdout=PIPE)
    assert process.stdout
    first_line = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
    yield Issuer(process, first_line["url"], first_line["kid"])
    assert process.stdin
    process.stdin.close()
    await process.wait()


@pytest.fixture
async def issuer(issuer_process: Issuer) -> Issuer:
    """The issuer with a fresh key and no userinfo."""
    await issuer_process.ask("tell")
    await issuer_process.generate()
    return issuer_process
