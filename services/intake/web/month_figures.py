"""Reads this month's figures of each jurisdiction from reporting in the background, so that no page waits for them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from shared.chassis.base.clock import now
from shared.chassis.http.service_client import service_client
from shared.chassis.process.components import Task
from shared.jurisdiction.pack import Pack

log = structlog.get_logger()
EVERY: Final = 60.0
"""Seconds between two reads."""
AFTER_A_FAILURE: Final = 5.0
"""Seconds until the next read after a failure: at a start reporting may come up later than the portal."""
TIMEOUT: Final = httpx.Timeout(10, connect=2)


class _Satisfaction(BaseModel):
    rated: int = 0
    satisfied: int = 0


_NOBODY: Final = _Satisfaction()
"""The figures of a row that reporting leaves out because nothing was collected."""


class _Total(BaseModel):
    collected: int
    completed: int
    rate: float | None
    satisfaction: _Satisfaction | None = None
    first_satisfaction: _Satisfaction | None = None
    marks: dict[str, int] = {}


class _Completion(BaseModel):
    """The fields that are read of `GET /v1/figures/completion`."""

    total: _Total


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """The figures of a month's demands, and when they were read. `rate` is per cent, None if nothing was collected;
    `present` is the month in which they were read."""

    month: date
    present: date
    collected: int
    completed: int
    rate: float | None
    rated: int
    satisfied: int
    first_rated: int
    first_satisfied: int
    on_the_spot: int
    at: datetime


@dataclass(slots=True)
class FigureReader:
    """Reads figures periodically and keeps the last ones; `reporting` is None if no URL is set."""

    reporting: httpx.AsyncClient | None
    packs: Sequence[Pack]
    clock: Callable[[], datetime] = now
    _known: dict[str, MonthFigures] = field(default_factory=dict)

    @classmethod
    def at(cls, url: str, packs: Sequence[Pack]) -> "FigureReader":
        """The reader for the reporting at this URL; without one if it is empty."""
        return cls(service_client(url, TIMEOUT) if url else None, packs)

    def of(self, pack: Pack) -> MonthFigures | None:
        """The last known figures of the present month, or of the month before while nothing was collected in it; None
        before the first answer of reporting."""
        figures = self._known.get(pack.id)
        return figures if figures and figures.present == pack.local_month(self.clock()) else None

    @property
    def tasks(self) -> Sequence[Task]:
        """The background tasks: none if no URL is set, because a process ends when one of its tasks ends."""
        return (self.run,) if self.reporting else ()

    async def run(self) -> None:
        """Read until cancelled. One process may serve both services, and begins to answer shortly after its tasks
        begin."""
        await asyncio.sleep(AFTER_A_FAILURE)
        while True:
            answered = await self.refresh()
            await asyncio.sleep(EVERY if answered else AFTER_A_FAILURE)

    async def refresh(self) -> bool:
        """Read the figures of every jurisdiction; returns whether all were answered."""
        try:
            for pack in self.packs:
                self._known[pack.id] = await self._asked(pack)
        except (httpx.HTTPError, ValidationError) as fault:
            log.warning("the figures of the first page wait for reporting", cause=repr(fault))
            return False
        return True

    async def _asked(self, pack: Pack) -> MonthFigures:
        present = pack.local_month(self.clock())
        figures = await self._of_month(pack, present, present)
        if figures.collected:
            return figures
        before = await self._of_month(pack, (present - timedelta(days=1)).replace(day=1), present)
        return before if before.collected else figures

    async def _of_month(self, pack: Pack, month: date, present: date) -> MonthFigures:
        assert self.reporting, "it has an address"
        params = {"jurisdiction": pack.id, "month": f"{month:%Y-%m}"}
        answer = await self.reporting.get("/v1/figures/completion", params=params)
        answer.raise_for_status()
        total = _Completion.model_validate_json(answer.content).total
        last, first = total.satisfaction or _NOBODY, total.first_satisfaction or _NOBODY
        return MonthFigures(
            month=month,
            present=present,
            collected=total.collected,
            completed=total.completed,
            rate=total.rate,
            rated=last.rated,
            satisfied=last.satisfied,
            first_rated=first.rated,
            first_satisfied=first.satisfied,
            on_the_spot=total.marks.get("on-the-spot", 0),
            at=self.clock(),
        )
