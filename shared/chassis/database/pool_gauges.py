"""Gauges of the connection pools of this process, measured whenever metrics are scraped."""

from typing import Final

from shared.chassis.base import metrics
from shared.chassis.base.metric_declarations import before_scrapes
from shared.chassis.database.pool import Pool

_WATCHED: Final[list[tuple[Pool, tuple[str, str]]]] = []


def watch(pool: Pool, service: str, use: str = "work") -> None:
    """Measure this pool of a service until it is closed; `use` is the value of the label `pool`."""
    _WATCHED.append((pool, (service, use)))


def _measure() -> None:
    for gauge in (metrics.POOL_CONNECTIONS, metrics.POOL_LIMIT, metrics.POOL_WAITING):
        gauge.clear()
    _WATCHED[:] = [(pool, labels) for pool, labels in _WATCHED if not pool.is_closing()]
    for pool, labels in _WATCHED:
        idle = pool.get_idle_size()
        metrics.POOL_CONNECTIONS.labels(*labels, "busy").inc(pool.get_size() - idle)
        metrics.POOL_CONNECTIONS.labels(*labels, "idle").inc(idle)
        metrics.POOL_LIMIT.labels(*labels).inc(pool.get_max_size())
        metrics.POOL_WAITING.labels(*labels).inc(_waiting(pool))


def _waiting(pool: Pool) -> int:
    """Tasks that wait for a connection, from the private queue of asyncpg's pool: it has no public method for it."""
    getters = getattr(getattr(pool, "_queue", None), "_getters", ())
    return sum(not getter.done() for getter in getters)


before_scrapes(_measure)
