"""Registers a process in its service's table `process`, and keeps the row up to date with a heartbeat."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from ipaddress import ip_address
from time import monotonic
from typing import Any, Final

import asyncpg

from shared.chassis.base.checks import Check
from shared.chassis.base.clock import now
from shared.chassis.base.settings import ProcessSettings
from shared.chassis.consumer.lag import LagReading
from shared.chassis.database.pool import PASSING, Connection, Pool, open_pool
from shared.chassis.work.periodic import every

BEAT: Final = 10.0
"""Seconds between two heartbeats."""
TRY_AGAIN: Final = 3.0
"""Seconds after which a failed heartbeat is tried again."""
FORGOTTEN_AFTER: Final = "1 hour"
"""How long the row of a killed process stays while another process of its name runs."""
CHECKS_WITHIN: Final = 5.0
LEAVE_WITHIN: Final = 2.0
LONGEST: Final = 500
"""The most characters of a check's text that are stored."""


@dataclass(slots=True)
class ProcessCondition:
    """The checks and the lag of a process; the process fills it in while it starts."""

    ready: Sequence[Check] = ()
    alive: Sequence[Check] = ()
    reading: Callable[[], LagReading | None] | None = None


Registering = Callable[[ProcessCondition], Sequence[Coroutine[Any, Any, None]]]
"""Makes the coroutines that keep the rows of a process up to date; they run until they are cancelled."""


@dataclass(frozen=True, slots=True)
class ProcessName:
    """The identity of a process; `health` is the URL of its health server, or empty."""

    name: str
    instance: str
    host: str
    health: str
    version: str
    started_at: datetime = field(default_factory=now)

    @classmethod
    def of(cls, name: str, settings: ProcessSettings) -> "ProcessName":
        """From the settings and the host. Without a fixed instance, host and health port identify a process, so that a
        restarted process takes over its row."""
        host = socket.gethostname()
        instance = settings.instance or (f"{host}:{settings.health_port}" if settings.health_port else host)
        health = f"http://{_reachable(settings.host, host)}:{settings.health_port}" if settings.health_port else ""
        return cls(name, instance, host, health, version("huying"))


def _reachable(listens: str, host: str) -> str:
    """The address at which others reach a process; one that listens on all addresses is reached at its host's."""
    address = listens
    if listens in ("0.0.0.0", "::"):
        try:
            address = socket.gethostbyname(host)
        except OSError:
            return host
        if ip_address(address).is_loopback:
            return host
    return f"[{address}]" if ":" in address else address


async def words_of(checks: Sequence[Check]) -> str:
    """The texts of the checks that fail, a line each; empty if none fails."""
    try:
        async with asyncio.timeout(CHECKS_WITHIN):
            problems = [words for check in checks if (words := await check())]
    except TimeoutError:
        problems = [f"its own checks took longer than {CHECKS_WITHIN:.0f} s"]
    return "\n".join(problems)[:LONGEST].replace("\0", "")


@dataclass(frozen=True, slots=True)
class Registration:
    """Keeps the row of a process in the table `process` of one service."""

    pool: Pool
    process: ProcessName
    condition: ProcessCondition
    clock: Callable[[], float] = monotonic
    _last_beat: list[float] = field(default_factory=list)
    """The time of the last heartbeat, as the only element; empty before the first one."""

    async def run(self) -> None:
        """Write a heartbeat every ten seconds until cancelled, then delete the row. If the database is away, or has no
        such table yet, try again later: a process works without its row."""
        try:
            await every(TRY_AGAIN, self._beat_when_due, "registration", (*PASSING, asyncpg.PostgresError))
        finally:
            with contextlib.suppress(TimeoutError, *PASSING, asyncpg.PostgresError):
                async with asyncio.timeout(LEAVE_WITHIN):
                    await self._leave()

    async def _beat_when_due(self) -> None:
        if not self._last_beat or self.clock() - self._last_beat[0] >= BEAT:
            await self.beat()
            self._last_beat[:] = [self.clock()]

    async def beat(self) -> None:
        """Run the checks and write one heartbeat."""
        condition, process = self.condition, self.process
        reading = condition.reading() if condition.reading else None
        not_alive, not_ready = await words_of(condition.alive), await words_of(condition.ready)
        async with self.pool.acquire(timeout=5) as db:
            await _write(db, process, (not_alive, not_ready, *(reading or (None, None))))
            await _forget_others(db, process)

    async def _leave(self) -> None:
        async with self.pool.acquire(timeout=LEAVE_WITHIN) as db:
            # `started_at` spares the row of a process that has replaced this one meanwhile.
            await db.execute(
                "DELETE FROM process WHERE (name, instance, started_at) = ($1, $2, $3)",
                self.process.name,
                self.process.instance,
                self.process.started_at,
            )
        await self.pool.close()


async def _write(db: Connection, process: ProcessName, condition: Sequence[Any]) -> None:
    await db.execute(
        """
        INSERT INTO process (name, instance, host, health, version, started_at, told_at, not_alive, not_ready, lag,
            standing_seconds)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (name, instance) DO UPDATE SET host = excluded.host, health = excluded.health,
            version = excluded.version, started_at = excluded.started_at, told_at = excluded.told_at, seen_at = now(),
            not_alive = excluded.not_alive, not_ready = excluded.not_ready, lag = excluded.lag,
            standing_seconds = excluded.standing_seconds
        """,
        process.name,
        process.instance,
        process.host,
        process.health,
        process.version,
        process.started_at,
        now(),
        *condition,
    )


async def _forget_others(db: Connection, process: ProcessName) -> None:
    await db.execute(
        "DELETE FROM process WHERE name = $1 AND seen_at < now() - $2::text::interval", process.name, FORGOTTEN_AFTER
    )


def registering(name: str, settings: ProcessSettings, services: Sequence[str]) -> Registering:
    """Makes the coroutines that keep one row of a process for each of its services. They have connections of their own,
    so that a process whose pool is exhausted can still report it."""
    process = ProcessName.of(name, settings)

    async def keep(service: str, condition: ProcessCondition) -> None:
        await Registration(await open_pool(settings.database_url, service, size=1), process, condition).run()

    def begin(condition: ProcessCondition) -> Sequence[Coroutine[Any, Any, None]]:
        return [keep(service, condition) for service in services]

    return begin
