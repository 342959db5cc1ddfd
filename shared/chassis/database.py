"""A pool of connections that can see one service's schema and nothing else."""

import asyncio
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection

PASSING: Final = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
)
"""Faults that pass by themselves: the database is away, restarting or full."""


def role_of(service: str) -> str:
    """The database role that owns the service's schema."""
    return f"huying_{service}"


async def open_pool(dsn: str, service: str, *, size: int = 8) -> Pool:
    """Connections in the role and schema of `service`; waits for nobody: opens them when needed."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        timeout=3,
        command_timeout=30,
        server_settings={
            "search_path": service,
            "role": role_of(service),
            "application_name": f"huying-{service}",
            "jit": "off",
        },
    )
