"""This month's figures of each jurisdiction, asked of reporting beside the pages, so that no page waits for them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
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
"""Seconds until reporting is asked again."""
AFTER_A_FAILURE: Final = 5.0
"""Seconds: at a start reporting may come up later than the portal."""
TIMEOUT: Final = httpx.Timeout(10, connect=2)


class _Satisfaction(BaseModel):
    rated: int = 0
    satisfied: int = 0


_NOBODY: Final = _Satisfaction()
"""What reporting leaves out where nothing was collected."""


class _Total(BaseModel):
    collected: int
    completed: int
    rate: float | None
    satisfaction: _Satisfaction | None = None
    first_satisfaction: _Satisfaction | None = None
    marks: dict[str, int] = {}


class _Completion(BaseModel):
    """What is read of `GET /v1/figures/completion`."""

    total: _Total


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """The figures of a month's demands, and when reporting was asked. `rate` is per cent, None where nothing was
    collected."""

    month: date
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
    """Asks reporting again and again, and keeps the last answer; `reporting` is None where no address is set."""

    reporting: httpx.AsyncClient | None
    packs: Sequence[Pack]
    clock: Callable[[], datetime] = now
    _known: dict[str, MonthFigures] = field(default_factory=dict)

    @classmethod
    def at(cls, url: str, packs: Sequence[Pack]) -> "FigureReader":
        """That of the reporting at this address; of none where it is empty."""
        return cls(service_client(url, TIMEOUT) if url else None, packs)

    def of(self, pack: Pack) -> MonthFigures | None:
        """The last known figures of the month that it is there now; None before reporting has answered for it."""
        known = self._known.get(pack.id)
        return known if known and known.month == pack.local_month(self.clock()) else None

    @property
    def tasks(self) -> Sequence[Task]:
        """What runs beside the pages: nothing where there is nobody to ask, since a process ends with its tasks."""
        return (self.run,) if self.reporting else ()

    async def run(self) -> None:
        """Until cancelled. One process may serve both, and begins to answer a moment after its tasks begin."""
        await asyncio.sleep(AFTER_A_FAILURE)
        while True:
            answered = await self.refresh()
            await asyncio.sleep(EVERY if answered else AFTER_A_FAILURE)

    async def refresh(self) -> bool:
        """Ask for every jurisdiction; whether all were answered."""
        try:
            for pack in self.packs:
                self._known[pack.id] = await self._asked(pack)
        except (httpx.HTTPError, ValidationError) as fault:
            log.warning("the figures of the first page wait for reporting", cause=repr(fault))
            return False
        return True

    async def _asked(self, pack: Pack) -> MonthFigures:
        assert self.reporting, "it has an address"
        month = pack.local_month(self.clock())
        params = {"jurisdiction": pack.id, "month": f"{month:%Y-%m}"}
        answer = await self.reporting.get("/v1/figures/completion", params=params)
        answer.raise_for_status()
        total = _Completion.model_validate_json(answer.content).total
        last, first = total.satisfaction or _NOBODY, total.first_satisfaction or _NOBODY
        return MonthFigures(
            month=month,
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
