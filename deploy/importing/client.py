"""Sends recorded demands to intake in batches, several at a time, and retries after faults that pass."""

import asyncio
from asyncio import sleep as pause
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import httpx

from services.intake.submission.domain import RecordedDemand
from services.intake.submission.history import Became
from services.intake.submission.history_api import Imported, Row

BATCH: Final = 500
BATCH_BYTES: Final = 4_000_000
IN_FLIGHT: Final = 3
GIVE_UP_AFTER: Final = 120.0
STILL_ZH: Final = "先前导入的环节尚未处理完，请稍后再次导入（`huying doctor` 可查看积压）"
STILL_EN: Final = "earlier steps of this import are not recorded yet: import it again later (see `huying doctor`)"
AGAIN_AFTER: Final = 1.0
"""Seconds until a row is sent again whose earlier steps are still being processed."""
AGAIN: Final = "请重新运行同一命令，将从中断处继续 / run the same command again: it goes on from here"


class HandoverFailed(RuntimeError):
    """Intake cannot be reached, or refuses the key; the message says what to do."""


@dataclass(slots=True)
class ImportTally:
    """Counts the results of rows; `facts` is the number of facts that they cause."""

    taken: int = 0
    known: int = 0
    moved_on: int = 0
    went_on_here: int = 0
    refused: int = 0
    facts: int = 0


Refusal = Callable[[int, Row], None]
Numbered = tuple[int, RecordedDemand]
Batch = Sequence[Numbered]


@dataclass(slots=True)
class IntakeClient:
    """Posts batches to `/v1/imports`; repeating a batch changes nothing. A dry run only asks for the results."""

    client: httpx.AsyncClient
    on_refusal: Refusal
    on_progress: Callable[[Batch], None]
    tally: ImportTally = field(default_factory=ImportTally)
    dry_run: bool = False

    async def all(self, demands: Iterable[Numbered]) -> ImportTally:
        """Send all demands; raises `HandoverFailed`."""
        batches = self._batches(iter(demands))
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(self._work(batches))
        return self.tally

    async def _batches(self, demands: Iterable[Numbered]) -> AsyncIterator[tuple[Batch, bytes]]:
        """Split the demands into batches that fit into one request, in rows and bytes."""
        batch: list[Numbered] = []
        texts: list[bytes] = []
        size = 0
        for numbered in demands:
            batch.append(numbered)
            texts.append(text_of(numbered[1]))
            size += len(texts[-1])
            if len(batch) == BATCH or size > BATCH_BYTES:
                yield batch, _body(texts)
                batch, texts, size = [], [], 0
        if batch:
            yield batch, _body(texts)

    async def _work(self, batches: AsyncIterator[tuple[Batch, bytes]]) -> None:
        async for batch, body in batches:
            answer = await self._post(body)
            pending = list(self._settled(batch, answer))
            deadline = monotonic() + GIVE_UP_AFTER
            while pending and monotonic() < deadline:
                await pause(AGAIN_AFTER)
                answer = await self._post(_body(text_of(demand) for _, demand in pending))
                pending = list(self._settled(pending, answer))
            for (line, _), row in zip(pending, _left(answer), strict=True):
                self._count(line, row.model_copy(update={"number": None, "why": STILL_EN, "why_zh": STILL_ZH}), 0)
            self.on_progress(batch)

    def _settled(self, batch: Batch, answer: Imported) -> Iterator[Numbered]:
        """Count the rows with a final result; yields those that must be sent again."""
        for (line, demand), row in zip(batch, answer.rows, strict=True):
            if row.became is Became.PENDING:
                yield line, demand
            else:
                self._count(line, row, 1 + len(demand.history))

    def _count(self, line: int, row: Row, facts: int) -> None:
        match row.became:
            case Became.NEW:
                self.tally.taken += 1
                self.tally.facts += facts
            case Became.KNOWN:
                self.tally.known += 1
            case Became.MOVED_ON:
                self.tally.moved_on += 1
                self.tally.facts += row.steps
            case Became.WENT_ON_HERE:
                self.tally.went_on_here += 1
            case Became.REFUSED | Became.PENDING:
                self.tally.refused += 1
                self.on_refusal(line, row)

    async def _post(self, body: bytes) -> Imported:
        deadline, wait = monotonic() + GIVE_UP_AFTER, 0.5
        while True:
            try:
                answer = await self.client.post(
                    "/v1/imports",
                    params={"dry_run": "true"} if self.dry_run else {},
                    content=body,
                    headers={"content-type": "application/json"},
                )
            except httpx.TransportError as fault:
                cause = f"{self.client.base_url} 没有应答 / does not answer ({fault!r})"
            else:
                if answer.status_code == httpx.codes.OK:
                    return Imported.model_validate_json(answer.content)
                cause = _why(answer)
                if answer.status_code < 500 and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    raise HandoverFailed(cause)
            if monotonic() > deadline:
                raise HandoverFailed(f"{cause}; {AGAIN}")
            await pause(wait)
            wait = min(wait * 2, 5.0)


def text_of(demand: RecordedDemand) -> bytes:
    """A recorded demand as JSON for intake."""
    return demand.model_dump_json(exclude_defaults=True).encode()


def _body(texts: Iterable[bytes]) -> bytes:
    return b'{"demands":[%s]}' % b",".join(texts)


def _left(answer: Imported) -> Iterator[Row]:
    return (row for row in answer.rows if row.became is Became.PENDING)


def _why(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
        return f"{problem.get('title')} / {problem.get('title_en')}: {problem.get('detail_en')}"
    except ValueError:
        return f"HTTP {answer.status_code}"
