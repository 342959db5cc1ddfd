"""Sets gauges from the tables of a service, in one of its processes at a time, so that counting costs little."""

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
"""Seconds from one count to the next."""
LEASE: Final = "gauges"
Rows = Iterable[Any]
"""Tuples or rows of the database."""


@dataclass(frozen=True, slots=True)
class TableGauge:
    """A question to the tables of a service. Each row of the answer has the values of the labels, which these gauges
    have in common, and then one figure for each gauge. What no row tells is not shown."""

    gauges: Sequence[Gauge]
    ask: Callable[[Connection], Awaitable[Rows]]

    def show(self, rows: Rows) -> None:
        """Set the gauges to the answer."""
        self.forget()
        for row in rows:
            labels, figures = row[: -len(self.gauges)], row[-len(self.gauges) :]
            for gauge, figure in zip(self.gauges, figures, strict=True):
                gauge.labels(*labels).set(float(figure or 0))

    def forget(self) -> None:
        """Show nothing any more: another process does."""
        for gauge in self.gauges:
            gauge.clear()


@dataclass(frozen=True, slots=True)
class TableGauges:
    """All that a service counts in its tables."""

    service: str
    pool: Pool
    questions: Sequence[TableGauge]
    holder: str = ""
    """A fixed name takes over at once what a process of this name held before."""
    pause: float = EVERY

    async def run(self) -> None:
        """Count while no other process does, until cancelled."""
        lease = Lease(self.pool, LEASE, self.holder or str(uuid4()))
        while True:
            try:
                async with lease.held() as is_ours:
                    while is_ours and lease.holds():
                        await self.look()
                        await asyncio.sleep(self.pause)
            except (*PASSING, LeaseLost, asyncpg.PostgresError) as fault:  # no figure is worth a process
                log.warning("figures wait", lease=LEASE, cause=repr(fault))
            self.forget()
            await asyncio.sleep(self.pause / 2)

    async def look(self) -> None:
        """Count everything once."""
        async with self.pool.acquire(timeout=5) as db:
            for question in self.questions:
                question.show(await question.ask(db))
        metrics.TABLES_ASKED_AT.labels(self.service).set_to_current_time()

    def forget(self) -> None:
        """Show nothing any more."""
        for question in self.questions:
            question.forget()
        metrics.TABLES_ASKED_AT.clear()
