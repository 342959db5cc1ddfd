"""Hands recorded demands to intake, some batches at a time; a passing fault is waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

import httpx

from services.intake.api import Imported, Row
from services.intake.domain import RecordedDemand

BATCH: Final = 500
BATCH_BYTES: Final = 4_000_000
IN_FLIGHT: Final = 3
GIVE_UP_AFTER: Final = 120.0
AGAIN: Final = "请重新运行同一命令，将从中断处继续 / run the same command again: it goes on from here"


class HandoverFailed(RuntimeError):
    """Intake cannot be reached or refuses the key; the message says what to do."""


@dataclass(slots=True)
class Tally:
    """What became of the rows."""

    taken: int = 0
    known: int = 0
    refused: int = 0
    facts: int = 0
    numbers: list[str] = field(default_factory=list)


Refusal = Callable[[int, Row], None]
Numbered = tuple[int, RecordedDemand]
Batch = Sequence[Numbered]


@dataclass(slots=True)
class Handover:
    """Posts batches to `/v1/imports`; repeating a batch changes nothing."""

    client: httpx.AsyncClient
    on_refusal: Refusal
    on_progress: Callable[[Batch], None]
    tally: Tally = field(default_factory=Tally)

    async def all(self, demands: Iterable[Numbered]) -> Tally:
        """Hand everything over; raises `HandoverFailed`."""
        batches = self._batches(iter(demands))
        async with asyncio.TaskGroup() as group:
            for _ in range(IN_FLIGHT):
                group.create_task(self._work(batches))
        return self.tally

    async def _batches(self, demands: Iterable[Numbered]) -> AsyncIterator[tuple[Batch, bytes]]:
        """No more than a request may hold, in rows and in bytes."""
        batch: list[Numbered] = []
        texts: list[bytes] = []
        size = 0
        for numbered in demands:
            batch.append(numbered)
            texts.append(numbered[1].model_dump_json(exclude_defaults=True).encode())
            size += len(texts[-1])
            if len(batch) == BATCH or size > BATCH_BYTES:
                yield batch, b'{"demands":[%s]}' % b",".join(texts)
                batch, texts, size = [], [], 0
        if batch:
            yield batch, b'{"demands":[%s]}' % b",".join(texts)

    async def _work(self, batches: AsyncIterator[tuple[Batch, bytes]]) -> None:
        async for batch, body in batches:
            answer = await self._post(body)
            for (line, demand), row in zip(batch, answer.rows, strict=True):
                if row.number is None:
                    self.tally.refused += 1
                    self.on_refusal(line, row)
                elif row.created:
                    self.tally.taken += 1
                    self.tally.facts += 1 + len(demand.history)
                else:
                    self.tally.known += 1
            self.on_progress(batch)

    async def _post(self, body: bytes) -> Imported:
        deadline, pause = monotonic() + GIVE_UP_AFTER, 0.5
        while True:
            try:
                answer = await self.client.post(
                    "/v1/imports", content=body, headers={"content-type": "application/json"}
                )
            except httpx.TransportError as fault:
                why = f"{self.client.base_url} 没有应答 / does not answer ({fault!r})"
            else:
                if answer.status_code == httpx.codes.OK:
                    return Imported.model_validate_json(answer.content)
                why = _why(answer)
                if answer.status_code < 500 and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    raise HandoverFailed(why)
            if monotonic() > deadline:
                raise HandoverFailed(f"{why}; {AGAIN}")
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)


def _why(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        return f"{told.get('title')} / {told.get('title_en')}: {told.get('detail_en')}"
    except ValueError:
        return f"HTTP {answer.status_code}"
