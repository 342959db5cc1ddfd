"""A pool of connections that can see one service's schema and nothing else."""

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
    # A server that ends speaks last while nothing is asked; a question that comes right after it meets this.
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
"""Faults that pass by themselves: the database is away, restarting or full."""
_UNREACHABLE: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.ENOENT}
)


def is_away(fault: BaseException) -> bool:
    """Whether one of `PASSING` tells of a connection; an error of a file or a disk is no news of the database."""
    if not isinstance(fault, OSError) or isinstance(fault, ConnectionError | TimeoutError | socket.gaierror):
        return True
    # A socket that is missing has no name in its error, a file has; asyncio joins the errors of several addresses.
    return fault.filename is None and (fault.errno in _UNREACHABLE or str(fault).startswith("Multiple exceptions"))


def role_of(service: str) -> str:
    """The database role that owns the service's schema."""
    return f"huying_{service}"


# For the server: how soon to ask whether a silent client is still there, and how long to wait for one that does not
# take what it is sent. Without these the locks and transactions of a host that has vanished last for two hours.
_NOTICED: Final = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "14000",
    # A process that was stopped within a transaction keeps its locks too, and its host answers for it.
    "idle_in_transaction_session_timeout": "120000",
}


async def _keep_session(_: Connection) -> None:
    """No query when a connection is given back: nobody here changes its session, and the relay clears up itself."""


async def open_pool(dsn: str, service: str, *, size: int = 8, schema: str = "", patience: float | None = 30) -> Pool:
    """Connections in the role and schema of `service`; waits for nobody: opens them when needed.

    `schema`: another one than that of its name. `patience`: seconds that a statement may take; None: any time.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        timeout=3,
        command_timeout=patience,
        reset=_keep_session,
        server_settings={
            "search_path": str(schema or service),  # asyncpg takes no kind of text but this
            "role": role_of(service),
            "application_name": f"huying-{service}",
            "jit": "off",
            **_NOTICED,
        },
    )
