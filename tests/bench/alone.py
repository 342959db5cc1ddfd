"""A PostgreSQL for one measurement, with every schema, ended with it."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from deploy.cli.processes import SERVICES
from deploy.local.child import Child
from deploy.local.keeper import Keeper
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.state import prepare
from shared.chassis.migrations import migrate

SEGMENTS = 60


@asynccontextmanager
async def postgres() -> AsyncIterator[str]:
    """The DSN of its superuser."""
    with tempfile.TemporaryDirectory(prefix="huying-bench") as top:
        Path(top).chmod(0o711)
        directory = prepare(Path(top) / "state")
        server = EmbeddedPostgres(directory, free_port())
        child = Child(server.program, directory / "logs" / f"{server.program.name}.log")
        keeper = Keeper(child, before=server.prepare, after=server.ready)
        await keeper.start()
        try:
            for service in SERVICES:
                await migrate(server.url, service.name, service.migrations)
            await _season(server.url)
            yield server.url
        finally:
            await keeper.stop()


async def _season(dsn: str) -> None:
    """Write-ahead log to be used again, as in a server that has run for a day: a new file costs 40 ms once."""
    db = await asyncpg.connect(dsn)
    await db.execute("ALTER SYSTEM SET min_wal_size = '1GB'")
    await db.execute("SELECT pg_reload_conf()")
    for _ in range(SEGMENTS):
        await db.execute("SELECT pg_logical_emit_message(false, 'bench', ''), pg_switch_wal()")
    await db.execute("CHECKPOINT")
    await db.close()
