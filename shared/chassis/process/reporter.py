"""Reports findings, processes and dead letters of a service from inside its API process, for pages of operations."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any, Final

from shared.chassis.base.findings import Finding, Words, broken, named
from shared.chassis.consumer.dead_letters import WaitingLetter, waiting
from shared.chassis.database.pool import PASSING, Pool
from shared.chassis.process.manifest import ServiceManifest
from shared.chassis.process.service_checks import Questions, ServiceReport, listening, report_of

LETTERS: Final = 50
"""Dead letters on a page."""
WITHIN: Final = 3.5
"""Seconds that the checks of a service may take together; the caller waits five."""
KEPT: Final = 5.0
"""Seconds for which a report is cached, so that pages that refresh often do not load the database."""


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Dead letters of a service, the oldest first, and whether there are more behind them."""

    letters: Sequence[WaitingLetter]
    more: bool

    def document(self) -> dict[str, Any]:
        """As JSON; `of_document` reads it."""
        letters = [letter._asdict() | {"happened_at": letter.happened_at.isoformat()} for letter in self.letters]
        return {"letters": letters, "more": self.more}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> "LetterPage":
        """Reads what `document` wrote."""
        letters = [
            WaitingLetter(letter["id"], letter["place"], letter["cause"], datetime.fromisoformat(letter["happened_at"]))
            for letter in document["letters"]
        ]
        return cls(letters, document["more"])


class Reporter:
    """Makes reports of one service, at most one in five seconds."""

    def __init__(self, service: ServiceManifest[Any], pool: Pool, clock: Callable[[], float] = monotonic) -> None:
        self._questions = Questions(service, listening(service))
        self._pool = pool
        self._clock = clock
        self._looking = asyncio.Lock()
        self._last: tuple[float, ServiceReport] | None = None

    @property
    def service(self) -> str:
        """The name of the service."""
        return self._questions.service.name

    async def report(self) -> ServiceReport:
        """The findings of this service and its processes, at most five seconds old."""
        async with self._looking:
            if self._last is None or self._clock() - self._last[0] > KEPT:
                report = await self._look()
                self._last = (self._clock(), report)
            return self._last[1]

    async def dead_letters(self, after: int) -> LetterPage:
        """Its dead letters behind an id."""
        async with self._pool.acquire(timeout=1) as db:
            letters = await waiting(db, after, LETTERS + 1)
        return LetterPage(letters[:LETTERS], len(letters) > LETTERS)

    async def _look(self) -> ServiceReport:
        try:
            async with asyncio.timeout(WITHIN + 1), self._pool.acquire(timeout=1) as db:
                return await report_of(db, self._questions, WITHIN)
        except (TimeoutError, *PASSING) as fault:
            return ServiceReport(self.service, named("database", [_away(fault)]), ())


def _away(fault: BaseException) -> Finding:
    cause = str(fault) or type(fault).__name__
    problem = Words(f"does not answer ({cause})", f"没有回应（{cause}）")
    return broken(
        Words("database", "数据库"), problem, Words("check whether PostgreSQL runs", "请确认 PostgreSQL 在运行")
    )
