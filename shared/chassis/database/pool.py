"""Connection pools: each connection has the role of one service and sees only its schema."""

import asyncio
import errno
import socket
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
    # A server that shuts down sends a last message while the connection is idle; the next query then raises this.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""Faults that pass by themselves: the database is away, restarts, or has no resources left."""
_UNREACHABLE: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ENOENT}
)


def is_away(fault: BaseException) -> bool:
    """Whether a fault of `PASSING` comes from the connection; an `OSError` of a file or a disk does not."""
    if not isinstance(fault, OSError) or isinstance(fault, ConnectionError | TimeoutError | socket.gaierror):
        return True
    # The error of a missing socket has no file name; asyncio joins the errors of several addresses into one text.
    return fault.filename is None and (fault.errno in _UNREACHABLE or str(fault).startswith("Multiple exceptions"))


def role_of(service: str) -> str:
    """The name of the database role that owns the service's schema."""
    return f"huying_{service}"


# Settings for the server: how soon it probes a silent client, and how long it waits for a client that reads nothing.
# With PostgreSQL's defaults, the locks and transactions of a vanished host last for two hours.
_DEAD_CLIENTS: Final = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "14000",
    # The host of a suspended process still answers the probes, so its open transaction needs a limit of its own.
    "idle_in_transaction_session_timeout": "120000",
}


async def _keep_session(_: Connection) -> None:
    """Skip asyncpg's reset query: no code changes session settings, except the relay, which resets them itself."""


async def open_pool(dsn: str, service: str, *, size: int = 8, schema: str = "", patience: float | None = 30) -> Pool:
    """A pool of connections in the role and schema of `service`; they are opened when they are needed.

    `schema`: another schema than the one of the service's name. `patience`: the most seconds of a statement; None: no
    limit.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        timeout=3,
        command_timeout=patience,
        reset=_keep_session,
        server_settings={
            "search_path": str(schema or service),  # asyncpg accepts no subclasses of `str`
            "role": role_of(service),
            "application_name": f"huying-{service}",
            "jit": "off",
            **_DEAD_CLIENTS,
        },
    )
