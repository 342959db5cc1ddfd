"""Servers that a drill starts, backs up and loses."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import asyncpg

from deploy.cli.services import manifests
from deploy.local.kafka import ApacheKafka
from deploy.local.noida import EmbeddedBroker
from deploy.local.ports import free_port
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import as_user
from deploy.local.state import prepare, state_dir
from shared.chassis.database.migrate import migrate
from tests.conftest import KAFKA, supervised
from tests.eventually import eventually
from tests.recovery.page import Shell

TABLES: Final = """
    SELECT nspname || '.' || relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind = 'r' AND relpersistence = 'p' AND nspname IN ('intake', 'routing', 'feedback', 'reporting')
    ORDER BY 1
"""


@asynccontextmanager
async def a_broker(home: Path, name: str) -> AsyncIterator[str]:
    """The address of an empty broker."""
    folder, port = prepare(home / name), free_port()
    server = ApacheKafka(folder, port, cache=state_dir() / "cache") if KAFKA else EmbeddedBroker(folder, port)
    keeper = supervised(server.program, folder, before=server.prepare, after=server.ready, ended=server.ended)
    await keeper.start()
    try:
        yield server.bootstrap
    finally:
        await keeper.stop()


@asynccontextmanager
async def a_database(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL with every schema, which begins as an installation does."""
    server = EmbeddedPostgres(home, free_port())
    server.prepare()
    # What only the command line says of an embedded server is not in its backup.
    with (home / "postgres" / "postgresql.conf").open("a") as file:
        file.write("unix_socket_directories = ''\nmax_connections = 200\n")
    keeper = supervised(server.program, home, after=server.ready)
    await keeper.start()
    try:
        for service in manifests():
            await migrate(server.url, service.name, service.migrations)
        yield server
    finally:
        await keeper.stop()


@asynccontextmanager
async def in_the_background(shell: Shell, block: str) -> AsyncIterator[None]:
    """A block that is a service, in the role of PostgreSQL's user, until the end."""
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", f"exec {block}", env=shell.variables(), cwd="/", **as_user(shell.user)
    )
    try:
        yield
        assert process.returncode is None, "it ended by itself"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def contents(database: str) -> Mapping[str, str]:
    """Every table of the services in one word, but those that a crash empties (UNLOGGED)."""
    db = await asyncpg.connect(database)
    found = {}
    for (table,) in await db.fetch(TABLES):
        found[table] = await db.fetchval(f"SELECT md5(string_agg(r::text, '|' ORDER BY r::text)) FROM {table} AS r")
    await db.close()
    return found


async def fetched(database: str) -> None:
    """Return when whoever fetches the write-ahead log has written down all of it."""

    async def behind() -> int:
        db = await asyncpg.connect(database)
        try:
            return int(await db.fetchval("SELECT max(pg_current_wal_lsn() - flush_lsn) FROM pg_stat_replication"))
        finally:
            await db.close()

    await eventually(behind, lambda bytes_left: bytes_left <= 0)


async def up(database: str) -> None:
    """Return when a server has ended its recovery."""

    async def recovering() -> bool:
        try:
            db = await asyncpg.connect(database, timeout=3)
        except (OSError, asyncpg.CannotConnectNowError):
            return True
        try:
            return bool(await db.fetchval("SELECT pg_is_in_recovery()"))
        finally:
            await db.close()

    await eventually(recovering, lambda going_on: not going_on)
