"""What became of intents, written down with the facts that tell it: many outcomes share one transaction."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from shared.chassis.base import metrics
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.coalescing import GroupCommit
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.tracing.spans import Span
from shared.chassis.work.intent_digests import come_back
from shared.chassis.work.intents import Intent, IntentKind, State

log = structlog.get_logger()
TRIES: Final = 12
"""How often an intent that is not taken is tried: over an hour and a half, about."""
FIRST_PAUSE: Final = 4.0
LONGEST_PAUSE: Final = 900.0
AGAIN: Final = 1.0
"""Seconds between two tries to write an outcome down."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An intent is over. `via` is the gateway, empty where none was asked; `reference` is how that one calls it; `span`
    is that of its sending, where it was sent just now."""

    intent: Intent
    attempt: int
    state: State
    cause: str | None = None
    via: str = ""
    reference: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """An intent that certainly did not go out: it is tried again in so many seconds. `failed`: for its own sake.
    `avoid`: through another gateway than this one."""

    intent: Intent
    attempt: int
    cause: str
    seconds: float = 0.0
    failed: bool = False
    avoid: str = ""


Result = Ended | Returned


def cause_of(intent: Intent, state: State, attempt: int) -> UUID:
    """What the ids of the facts that tell an outcome are derived from: told again, it is the same facts."""
    return uuid5(intent.id, f"{state}:{attempt}")


def pause(failures: int, at_least: float, jitter: Callable[[], float] = random.random) -> float:
    """Seconds until an intent is tried again that was not taken so often: twice as long each time, and not all at
    once."""
    longest = min(FIRST_PAUSE * 2.0 ** min(failures, 20), LONGEST_PAUSE)
    return max(at_least, longest * (0.5 + jitter() / 2))


class IntentOutcomes:
    """Writes outcomes down, many in one transaction; what is known is not given up while the process runs."""

    def __init__(self, pool: Pool, kind: IntentKind[Any], clock: Callable[[], datetime] = now) -> None:
        self._kind, self._clock = kind, clock
        self._write = GroupCommit(lambda: pool.acquire(timeout=5), self._write_all)

    async def record(self, result: Result) -> None:
        """Returns when it is written; a database that is away is waited for."""
        while True:
            try:
                await self._write(result)
            except PASSING as fault:
                log.warning("outcome not written yet", intent=str(result.intent.id), cause=repr(fault))
                await asyncio.sleep(AGAIN)
            else:
                return

    async def _write_all(self, db: Connection, results: Sequence[Result]) -> Sequence[None]:
        ended = [result for result in results if isinstance(result, Ended)]
        returned = [result for result in results if isinstance(result, Returned)]
        async with db.transaction():
            if returned:
                await _give_back(db, returned)
            notes = await self._end(db, ended) if ended else ()
        for result in notes:
            metrics.MESSAGES.labels(result.state).inc()
        return [None] * len(results)

    async def _end(self, db: Connection, ended: Sequence[Ended]) -> Sequence[Ended]:
        """Those that were still ours to end; the journal tells what became of each that was not merged."""
        finished = await _finish(db, ended)
        done = [result for result in ended if result.intent.id in finished]
        await come_back(db, [result.intent for result in done if result.state is State.SKIPPED])
        await tell(db, self._kind, [result for result in done if result.state is not State.MERGED], self._clock())
        return done


async def tell(db: Connection, kind: IntentKind[Any], ended: Sequence[Ended], at: datetime) -> None:
    """Let the journals of the intents' keys tell what became of them."""
    if ended:
        work = await kind.repository.load(db, [result.intent.key for result in ended], at)
        for result in ended:
            facts = kind.notes(result.intent, result.state, result.cause, result.via)
            cause = cause_of(result.intent, result.state, result.attempt)
            work.record(result.intent.key, facts, at, cause, result.span or Span(result.intent.traceparent))
        await kind.repository.save(db, work)


async def _finish(db: Connection, ended: Sequence[Ended]) -> set[UUID]:
    rows = await db.fetch(
        """
        UPDATE intent SET state = ended.state, cause = ended.cause, finished_at = now(), waits = NULL,
            recipient = NULL, reference = nullif(ended.reference, '')
        FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[])
            AS ended (id, attempt, state, cause, reference)
        WHERE intent.id = ended.id AND attempts = ended.attempt AND intent.state IN ('pending', 'sending', 'unknown')
        RETURNING intent.id
        """,
        *map(list, zip(*((e.intent.id, e.attempt, e.state, e.cause, e.reference) for e in ended), strict=True)),
    )
    return {row["id"] for row in rows}


async def _give_back(db: Connection, returned: Sequence[Returned]) -> None:
    """They count for no limit; who is written to by a later one waits until this one is through."""
    await db.execute(
        """
        WITH back AS (
            UPDATE intent SET state = 'pending', cause = returned.cause,
                waits = CASE WHEN avoid <> '' THEN NULL WHEN returned.failed THEN 'retry' ELSE 'gateway' END,
                due_at = now() + make_interval(secs => returned.seconds), failures = failures + failed::integer,
                via = CASE WHEN avoid = '' THEN via END, recipient = CASE WHEN avoid = '' THEN recipient END,
                body = CASE WHEN avoid = '' THEN body ELSE
                    jsonb_set(body, '{avoided}', coalesce(body -> 'avoided', '[]') || to_jsonb(avoid)) END
            FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::float8[], $5::boolean[], $6::text[])
                AS returned (id, attempt, cause, seconds, failed, avoid)
            WHERE intent.id = returned.id AND attempts = returned.attempt AND intent.state = 'sending'
            RETURNING intent.id
        )
        DELETE FROM intent_reached USING back WHERE intent_id = back.id
        """,
        *map(
            list,
            zip(*((r.intent.id, r.attempt, r.cause, r.seconds, r.failed, r.avoid) for r in returned), strict=True),
        ),
    )
