"""Sets gauges from queries on a service's tables, in one of its processes at a time to keep the cost low."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import asyncpg
import structlog

from shared.chassis.base import metrics
from shared.chassis.base.metric_declarations import Gauge
from shared.chassis.database.lease import Lease, LeaseLost
from shared.chassis.database.pool import PASSING, Connection, Pool

log = structlog.get_logger()
EVERY: Final = 20.0
"""Seconds between two rounds of queries."""
LEASE: Final = "gauges"
Rows = Iterable[Any]
"""Tuples or database rows."""


@dataclass(frozen=True, slots=True)
class TableGauge:
    """A query whose result sets one or more gauges. Each row holds the values of the labels, which the gauges have in
    common, and then one value for each gauge. Label values without a row are not shown."""

    gauges: Sequence[Gauge]
    ask: Callable[[Connection], Awaitable[Rows]]

    def show(self, rows: Rows) -> None:
        """Set the gauges to the values of the rows."""
        self.forget()
        for row in rows:
            labels, figures = row[: -len(self.gauges)], row[-len(self.gauges) :]
            for gauge, figure in zip(self.gauges, figures, strict=True):
                gauge.labels(*labels).set(float(figure or 0))

    def forget(self) -> None:
        """Clear the gauges: another process shows them now."""
        for gauge in self.gauges:
            gauge.clear()


@dataclass(frozen=True, slots=True)
class TableGauges:
    """All table gauges of a service."""

    service: str
    pool: Pool
    questions: Sequence[TableGauge]
    holder: str = ""
    """The fixed name of this process in the lease: after a restart it takes its own lease at once."""
    pause: float = EVERY

    async def run(self) -> None:
        """Query while this process holds the lease, until cancelled."""
        lease = Lease(self.pool, LEASE, self.holder or str(uuid4()))
        while True:
            try:
                async with lease.held() as is_held:
                    while is_held and lease.holds():
                        await self.look()
                        await asyncio.sleep(self.pause)
            except (*PASSING, LeaseLost, asyncpg.PostgresError) as fault:  # a gauge must not stop the process
                log.warning("figures wait", lease=LEASE, cause=repr(fault))
            self.forget()
            await asyncio.sleep(self.pause / 2)

    async def look(self) -> None:
        """Run all queries once."""
        async with self.pool.acquire(timeout=5) as db:
            for question in self.questions:
                question.show(await question.ask(db))
        metrics.TABLES_ASKED_AT.labels(self.service).set_to_current_time()

    def forget(self) -> None:
        """Clear all gauges."""
        for question in self.questions:
            question.forget()
        metrics.TABLES_ASKED_AT.clear()
