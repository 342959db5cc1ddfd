"""Fresh databases for tests: a used one is emptied for the next test, since creating one takes far longer.

Tables that a test created are dropped, and rows of migrations that it changed are restored. A database whose functions,
settings or columns differ from the template is dropped.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Final
from uuid import uuid4

import asyncpg

from shared.chassis.database.pool import Pool, open_pool

_OURS: Final = "nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')"
_CATALOGS: Final = (
    "pg_attrdef", "pg_attribute", "pg_constraint", "pg_enum", "pg_extension", "pg_index", "pg_policy", "pg_proc",
    "pg_rewrite", "pg_sequence", "pg_trigger", "pg_type", "pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
)  # fmt: skip
"""Catalogs with the rows of all definitions; emptying a table changes none of them. Schemas of temporary tables
remain, and are empty once their session has ended."""
# Only some columns of `pg_class`, since emptying a table changes its file.
_SHAPE: Final = (
    " || ".join(
        f"(SELECT count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) || ' ' FROM {catalog})"
        for catalog in _CATALOGS
    )
    + """ || (SELECT md5(string_agg(concat_ws(' ', oid, relname, relnamespace, relkind, relowner, relpersistence,
        relacl, reloptions), ',' ORDER BY oid)) FROM pg_class)
    || (SELECT count(*) FROM pg_db_role_setting, pg_database WHERE setdatabase = pg_database.oid
        AND datname = current_database())"""
)
_ALONE: Final = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT pid = ANY ($1::int[])
"""
_TABLES: Final = f"""
    SELECT c.oid, nspname || '.' || relname AS name, pg_relation_size(c.oid) > 0 AS is_written
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace WHERE relkind = 'r' AND {_OURS}
"""
SMALL: Final = 131_072
"""Bytes up to which rows are deleted; a larger table is truncated, which creates a new file for it and each index."""
# A table with planner statistics is truncated too, which removes them.
_EMPTY: Final = f"""
    DO $$
    DECLARE small text; others text;
    BEGIN
        SELECT string_agg('DELETE FROM ' || name, '; ') FILTER (WHERE is_small),
            string_agg(name, ', ') FILTER (WHERE NOT is_small)
        INTO small, others
        FROM (
            SELECT c.oid::regclass::text AS name, reltuples < 0 AND pg_table_size(c.oid) <= {SMALL} AS is_small
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
            WHERE relkind = 'r' AND {_OURS} AND NOT (nspname || '.' || relname = ANY (string_to_array('{{kept}}', ',')))
                AND pg_relation_size(c.oid) > 0
        ) AS written;
        IF others IS NOT NULL THEN
            EXECUTE 'TRUNCATE ' || others || ' RESTART IDENTITY CASCADE';
        END IF;
        IF small IS NOT NULL THEN
            -- No trigger and no foreign key asks in which order.
            SET LOCAL session_replication_role = replica;
            EXECUTE small;
        END IF;
        PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
        PERFORM pg_stat_reset();
    END $$
"""


def on(url: str, database: str) -> str:
    """The same server, another database."""
    return f"{url.rpartition('/')[0]}/{database}"


@dataclass(slots=True)
class Databases:
    """The databases of one server."""

    url: str
    template: str
    _empty: list[str] = field(default_factory=list)
    """Names of databases that equal the template."""
    _shape: str = ""
    _rows: dict[str, str] = field(default_factory=dict)
    """By table, a hash of the rows that the migrations wrote."""
    _content: dict[str, bytes] = field(default_factory=dict)
    """The same rows in the format of COPY."""
    _tables: frozenset[int] = frozenset()
    _connections: dict[str, asyncpg.Connection] = field(default_factory=dict)
    """By database, the connection that empties it: a new one would load all definitions, which takes four times
    longer."""

    _pools: dict[str, dict[str, Pool]] = field(default_factory=dict)
    """By database, then by service, a pool whose connections stay open for the next test, for the same reason."""

    async def look(self) -> None:
        """Record the present state of the template."""
        db = await asyncpg.connect(on(self.url, self.template))
        self._shape = await db.fetchval(f"SELECT {_SHAPE}")
        tables = await db.fetch(_TABLES)
        self._tables = frozenset(table["oid"] for table in tables)
        self._rows = await _rows(db, [table["name"] for table in tables if table["is_written"]])
        self._content = {table: await _content(db, table) for table in self._rows}
        await db.close()

    @asynccontextmanager
    async def fresh(self) -> AsyncIterator[str]:
        """The DSN of a database that equals the template; it is emptied afterwards."""
        name = self._empty.pop() if self._empty else await self._made()
        yield on(self.url, name)
        if await self._emptied(name):
            self._empty.append(name)
        else:
            await self._drop(name)

    async def empty(self, url: str) -> None:
        """Remove what tests wrote from this database; its connections stay open."""
        db = await self._connection(url.rpartition("/")[2])
        await db.execute(_EMPTY.format(kept=",".join(self._rows)))

    async def pool(self, url: str, service: str) -> Pool:
        """A pool of a service on a database of `fresh`, with the connections that an earlier test opened."""
        pools = self._pools.setdefault(url.rpartition("/")[2], {})
        if service not in pools:
            pools[service] = await open_pool(url, service)
        return pools[service]

    async def close(self) -> None:
        """Close all connections."""
        for name in [*self._pools]:
            self._give_up(name)
        for db in self._connections.values():
            await db.close()

    async def _kept(self, name: str) -> list[int]:
        """The server processes of the pools that stay open for the next test; a pool in use or closed is given up."""
        pids = []
        for service, pool in [*self._pools.get(name, {}).items()]:
            if pool.is_closing() or pool.get_size() > pool.get_idle_size():
                self._pools[name].pop(service).terminate()
                continue
            for holder in pool._holders:
                if (connection := holder._con) is not None and not connection.is_closed():
                    await connection.reset()
                    pids.append(connection.get_server_pid())
        return pids

    def _give_up(self, name: str) -> None:
        """Terminate the pools of a database."""
        for pool in self._pools.pop(name, {}).values():
            pool.terminate()

    async def _connection(self, name: str) -> asyncpg.Connection:
        db = self._connections.get(name)
        if db is None or db.is_closed():
            db = self._connections[name] = await asyncpg.connect(on(self.url, name))
        return db

    async def _made(self) -> str:
        name = f"t{uuid4().hex}"
        db = await asyncpg.connect(self.url)
        await db.execute(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        await db.close()
        return name

    async def _drop(self, name: str) -> None:
        self._give_up(name)
        if emptying := self._connections.pop(name, None):
            emptying.terminate()
        db = await asyncpg.connect(self.url)
        await db.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await db.close()

    async def _emptied(self, name: str) -> bool:
        """Empty it; whether it equals the template again."""
        try:
            db = await self._connection(name)
            await db.execute(_ALONE, await self._kept(name))
            if not await self._has_its_shape(db):
                return False
            await db.execute(_EMPTY.format(kept=",".join(self._rows)))
            present = await _rows(db, self._rows)
            if changed := [table for table, rows in self._rows.items() if present.get(table) != rows]:
                await self._write_again(db, changed)
                return await _rows(db, self._rows) == self._rows
            return True
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False

    async def _has_its_shape(self, db: asyncpg.Connection) -> bool:
        """Drop the tables of the test; whether the definitions then equal the template's."""
        if await db.fetchval(f"SELECT {_SHAPE}") == self._shape:
            return True
        added = [table["name"] for table in await db.fetch(_TABLES) if table["oid"] not in self._tables]
        if not added:
            return False
        await db.execute(f"DROP TABLE {', '.join(added)}")
        return bool(await db.fetchval(f"SELECT {_SHAPE}") == self._shape)

    async def _write_again(self, db: asyncpg.Connection, tables: Iterable[str]) -> None:
        """Restore what the migrations wrote into these tables."""
        async with db.transaction():
            await db.execute("SET LOCAL session_replication_role = replica")
            for table in tables:
                await db.execute(f"DELETE FROM {table}")
                schema, name = table.split(".")
                source = BytesIO(self._content[table])
                await db.copy_to_table(name, schema_name=schema, source=source, format="binary")


async def _content(db: asyncpg.Connection, table: str) -> bytes:
    schema, name = table.split(".")
    buffer = BytesIO()
    await db.copy_from_table(name, schema_name=schema, output=buffer, format="binary")
    return buffer.getvalue()


async def _rows(db: asyncpg.Connection, tables: Iterable[str]) -> dict[str, str]:
    """A hash of the rows of each table."""
    queries = (
        f"SELECT '{table}', md5(string_agg(row::text, '|' ORDER BY row::text)) FROM {table} AS row" for table in tables
    )
    return dict(await db.fetch(" UNION ALL ".join(queries)))
