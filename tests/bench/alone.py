"""Starts a server for one measurement: PostgreSQL with every schema, or another server."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from deploy.cli.services import manifests
from deploy.local.kafka import ApacheKafka
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import ManagedProcess
from deploy.local.state import prepare
from deploy.local.supervisor import Supervisor
from shared.chassis.database.migrate import migrate

Kind = TypeVar("Kind", EmbeddedPostgres, ApacheKafka)


@asynccontextmanager
async def postgres() -> AsyncIterator[str]:
    """The DSN of its superuser."""
    async with kept(EmbeddedPostgres) as server:
        for service in manifests():
            await migrate(server.url, service.name, service.migrations)
        await season(server.url)
        yield server.url


@asynccontextmanager
async def kept(kind: Callable[..., Kind], **more: Any) -> AsyncIterator[Kind]:
    """A new server in its own folder."""
    with tempfile.TemporaryDirectory(prefix="huying-bench") as top:
        Path(top).chmod(0o711)
        directory = prepare(Path(top) / "state")
        server = kind(directory, free_port(), **more)
        child = ManagedProcess(server.program, directory / "logs" / f"{server.program.name}.log")
        keeper = Supervisor(child, before=server.prepare, after=server.ready)
        await keeper.start()
        try:
            yield server
        finally:
            await keeper.stop()


async def season(dsn: str) -> None:
    """Create as many write-ahead log files as a server has for reuse after an hour of load: a new file delays its
    request by 40 ms."""
    db = await asyncpg.connect(dsn)
    size = "pg_size_bytes(current_setting('{}'))"
    for _ in range(await db.fetchval(f"SELECT {size.format('max_wal_size')} / {size.format('wal_segment_size')}")):
        await db.execute("SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()")
    await db.execute("CHECKPOINT")
    await db.close()


def of_processor(pid: int) -> float:
    """Processor seconds of a process so far, without other work on the machine."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9
