"""Records the outcomes of intents, with the facts about them in the journal; many outcomes share one transaction."""

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
from shared.chassis.work.intent_digests import restore_merged
from shared.chassis.work.intents import Intent, IntentKind, IntentState

log = structlog.get_logger()
TRIES: Final = 12
"""How often an intent is tried that the gateway does not take: for about an hour and a half."""
FIRST_PAUSE: Final = 4.0
LONGEST_PAUSE: Final = 900.0
AGAIN: Final = 1.0
"""Seconds between two tries to record an outcome."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A final outcome. `via` is the gateway (empty if there was none), `reference` the gateway's own id of the intent,
    `span` the span of the sending if it was sent just now."""

    intent: Intent
    attempt: int
    state: IntentState
    cause: str | None = None
    via: str = ""
    reference: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class ReturnedIntent:
    """An intent that was certainly not sent, and is tried again after `seconds`. `failed`: the failure counts as one of
    its tries. `avoid`: a gateway that must not be used for it again."""

    intent: Intent
    attempt: int
    cause: str
    seconds: float = 0.0
    failed: bool = False
    avoid: str = ""


Result = Ended | ReturnedIntent


def cause_of(intent: Intent, state: IntentState, attempt: int) -> UUID:
    """The cause from which the ids of an outcome's facts are derived, so that a repetition gives the same facts."""
    return uuid5(intent.id, f"{state}:{attempt}")


def pause(failures: int, at_least: float, jitter: Callable[[], float] = random.random) -> float:
    """Seconds until the next try after a number of failures: exponential backoff with jitter, not below `at_least`."""
    longest = min(FIRST_PAUSE * 2.0 ** min(failures, 20), LONGEST_PAUSE)
    return max(at_least, longest * (0.5 + jitter() / 2))


class IntentOutcomes:
    """Records outcomes, many in one transaction; it repeats until they are written, as long as the process runs."""

    def __init__(self, pool: Pool, kind: IntentKind[Any], clock: Callable[[], datetime] = now) -> None:
        self._kind, self._clock = kind, clock
        self._write = GroupCommit(lambda: pool.acquire(timeout=5), self._write_all)

    async def record(self, result: Result) -> None:
        """Return when the outcome is durable; waits while the database is away."""
        while True:
            try:
                await self._write(result)
            except PASSING as fault:
                log.warning(
                    "the result of a delivery is not stored yet", intent=str(result.intent.id), cause=repr(fault)
                )
                await asyncio.sleep(AGAIN)
            else:
                return

    async def _write_all(self, db: Connection, results: Sequence[Result]) -> Sequence[None]:
        ended = [result for result in results if isinstance(result, Ended)]
        returned = [result for result in results if isinstance(result, ReturnedIntent)]
        async with db.transaction():
            if returned:
                await _give_back(db, returned)
            recorded = await self._end(db, ended) if ended else ()
        for result in recorded:
            metrics.MESSAGES.labels(result.state).inc()
        return [None] * len(results)

    async def _end(self, db: Connection, ended: Sequence[Ended]) -> Sequence[Ended]:
        """Record final outcomes and their facts; returns the outcomes that nobody else had recorded before."""
        finished = await _finish(db, ended)
        finished_results = [result for result in ended if result.intent.id in finished]
        await restore_merged(db, [result.intent for result in finished_results if result.state is IntentState.SKIPPED])
        await record_facts(
            db,
            self._kind,
            [result for result in finished_results if result.state is not IntentState.MERGED],
            self._clock(),
        )
        return finished_results


async def record_facts(db: Connection, kind: IntentKind[Any], ended: Sequence[Ended], at: datetime) -> None:
    """Record the facts about the outcomes with the aggregates of the intents."""
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


async def _give_back(db: Connection, returned: Sequence[ReturnedIntent]) -> None:
    """Make intents pending again. They do not count for the hourly limit; later intents for the same recipient wait
    for them."""
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
