"""A server for one measurement, ended with it: PostgreSQL with every schema, or another."""

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
    """A fresh server in a folder of its own."""
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
    """As many files of write-ahead log as the server keeps after an hour of load, to be used again: a new one keeps its
    request waiting for 40 ms."""
    db = await asyncpg.connect(dsn)
    size = "pg_size_bytes(current_setting('{}'))"
    for _ in range(await db.fetchval(f"SELECT {size.format('max_wal_size')} / {size.format('wal_segment_size')}")):
        await db.execute("SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()")
    await db.execute("CHECKPOINT")
    await db.close()


def of_processor(pid: int) -> float:
    """Seconds that a process of this machine has worked so far; other work on the machine does not count."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("ascii").split()[0]) / 1e9
