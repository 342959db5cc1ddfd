"""Timers: let something happen to an aggregate at a certain time.

Writes, usually those of a projection, plan, move and forget timers. When a timer is due, a pure function decides which
facts follow. If a fact must follow on *another* aggregate, plan a timer on that aggregate's key that is due at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final, Generic, NamedTuple
from uuid import UUID

import orjson
import structlog
from structlog.contextvars import bound_contextvars

from shared.chassis.aggregates.repository import Repository
from shared.chassis.aggregates.unit_of_work import UnitOfWork
from shared.chassis.base import metrics
from shared.chassis.base.clock import now, uuid5
from shared.chassis.database.pool import PASSING, Connection, Pool
from shared.chassis.database.write_batch import WriteBatch
from shared.chassis.tracing import hops, spans
from shared.chassis.tracing.spans import NO_SPAN, Span
from shared.chassis.work import timer_rows
from shared.chassis.work.periodic import every
from shared.contracts.rules import F, S

log = structlog.get_logger()
EVERY: Final = 1.0
AT_ONCE: Final = 500
LONGEST: Final = 3600.0
"""The most seconds between two tries of a timer that fails; the first pause is one second, and it doubles each time."""
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that is due at `at`. `payload` is JSON for the function that decides.

    `name` distinguishes several timers of one kind on one key; for example, it is the id of the fact that each follows.
    `attempts` counts how often the timer failed.
    """

    kind: str
    key: UUID
    at: datetime
    payload: Payload = field(default_factory=dict)
    name: str = ""
    attempts: int = 0


class Later(NamedTuple):
    """The decision to move the timer to another time, with a new payload unless it is None.

    `facts` are recorded now, as for a timer that is finished.
    """

    at: datetime
    payload: Payload | None = None
    facts: Sequence[tuple[Any, datetime]] = ()


def cause_of(timer: Timer) -> UUID:
    """The cause from which the ids of a timer's facts are derived, so that the same timer gives the same ids."""
    return uuid5(timer.key, f"{timer.kind}:{timer.name}:{timer.at.isoformat()}")


@dataclass(frozen=True, slots=True)
class OnDue(Generic[S, F]):
    """What a kind of timer does when it is due.

    `decide(state, payload, now)` is pure. It returns facts with the times at which they happened, and the timer is
    finished; or it returns `Later`. `cause` gives the id from which the facts' ids are derived.
    """

    repository: Repository[S, F]
    decide: Callable[[S, Payload, datetime], Sequence[tuple[F, datetime]] | Later]
    cause: Callable[[S, Timer], UUID] = lambda _, timer: cause_of(timer)


def plan(writes: WriteBatch, timers: Iterable[Timer]) -> None:
    """Plan timers; a timer with the same kind, key and name is moved. Call it once for each kind in a write batch."""
    rows = {
        (timer.kind, timer.key, timer.name): (
            timer.kind, timer.key, timer.name, timer.at, orjson.dumps(timer.payload).decode()
        )
        for timer in timers
    }  # fmt: skip
    if rows:
        plan_selected(writes, "SELECT kind, key, name, at, payload FROM unnest($1::timer_row[])", list(rows.values()))


def plan_selected(writes: WriteBatch, selection: str, *parameters: Any) -> None:
    """Plan the timers that a query selects; its columns must be `kind, key, name, at, payload`, each timer once."""
    writes.add(
        f"""
        INSERT INTO timer (kind, key, name, at, payload, due_at)
        SELECT kind, key, name, at, payload, at FROM ({selection}) AS selected
        ON CONFLICT (kind, key, name) DO UPDATE SET
            at = excluded.at, payload = excluded.payload, due_at = excluded.due_at, attempts = 0, cause = NULL
        """,  # noqa: S608 (a query of our own)
        *parameters,
    )


def forget(writes: WriteBatch, kind: str, keys: Sequence[UUID], name: str | None = None) -> None:
    """Delete the timers of a kind on these keys (with `name`: only those of that name). The same write batch must not
    plan timers of this kind."""
    if keys:
        sql = "DELETE FROM timer WHERE kind = $1 AND key = ANY($2) AND ($3::text IS NULL OR name = $3)"
        writes.add(sql, kind, list(keys), name)


@dataclass(frozen=True, slots=True)
class Timers:
    """Runs the due timers of the given kinds. Several processes share the work: each skips timers that others lock.

    The facts, the projections and the deletion of the timers are one transaction. Timers of other kinds stay.
    """

    pool: Pool
    kinds: Mapping[str, OnDue[Any, Any]]
    clock: Callable[[], datetime] = now

    async def run(self) -> None:
        """Run due timers until cancelled; waits while the database is away."""
        await every(EVERY, self._run_all, "timers")

    async def _run_all(self) -> None:
        while await self.run_some():
            pass

    async def run_some(self) -> int:
        """Run due timers, at most five hundred; returns how many.

        Timers of aggregates that another transaction has locked are left for the next round. That transaction may wait
        for the same timers, so waiting for its aggregate here could be a deadlock.
        """
        at = self.clock()
        async with self.pool.acquire(timeout=5) as db, db.transaction():
            claimed = await _claim(db, list(self.kinds), at)
            locked = [
                await repository.lock_free(db, _keys(timers)) for repository, timers in self._by_repository(claimed)
            ]
            free = [timer for timer in claimed if not any(timer.key in keys for keys in locked)]
            await self._settle(db, free, at)
        return len(free)

    async def _settle(self, db: Connection, timers: Sequence[Timer], at: datetime) -> None:
        """Run timers. If one fails, halve them until it stands alone, and put it off, so that it blocks no other."""
        if not timers:
            return
        try:
            async with db.transaction():
                await self._handle(db, timers, at)
        except Exception as fault:  # an unknown fault puts off only the timer that causes it
            if isinstance(fault, PASSING):
                raise
            if len(timers) == 1:
                await self._put_off(db, timers[0], at, fault)
                return
            middle = len(timers) // 2
            await self._settle(db, timers[:middle], at)
            await self._settle(db, timers[middle:], at)

    async def _handle(self, db: Connection, timers: Sequence[Timer], at: datetime) -> None:
        writes = WriteBatch()
        handled: list[Timer] = []
        moved: list[Timer] = []
        open_spans: list[Span] = []
        for repository, repository_timers in self._by_repository(timers):
            work = await repository.load(db, _keys(repository_timers), at)
            for timer in repository_timers:
                later, span = self._decide(work, timer, at)
                open_spans.append(span)
                if later:
                    payload = timer.payload if later.payload is None else later.payload
                    moved.append(replace(timer, at=later.at, payload=payload))
                else:
                    handled.append(timer)
            repository.put(writes, work)
        # In a second statement, because a projection may delete the same timers, or plan them again: those stay.
        timer_rows.finish(writes.after, [(t.kind, t.key, t.name, t.at) for t in handled])
        plan(writes.after, moved)
        await writes.write(db)
        spans.end(open_spans)
        self._count(handled, "done")
        self._count(moved, "later")

    def _by_repository(self, timers: Sequence[Timer]) -> Iterable[tuple[Repository[Any, Any], Sequence[Timer]]]:
        """Group timers by their repository: all timers of one aggregate share one unit of work."""
        by_table: dict[str, tuple[Repository[Any, Any], list[Timer]]] = {}
        for timer in timers:
            repository = self.kinds[timer.kind].repository
            by_table.setdefault(repository.table, (repository, []))[1].append(timer)
        return by_table.values()

    def _decide(self, work: UnitOfWork[Any, Any], timer: Timer, at: datetime) -> tuple[Later | None, Span]:
        """Decide and record the facts of a timer; returns `Later` if the timer is moved, and the span of its facts."""
        on_due, state = self.kinds[timer.kind], work.state(timer.key)
        decision = on_due.decide(state, timer.payload, at)
        later = decision if isinstance(decision, Later) else None
        dated_facts = decision.facts if isinstance(decision, Later) else decision
        cause = on_due.cause(state, timer)
        span = hops.due(timer.kind, on_due.repository.rules.service) if dated_facts else NO_SPAN
        for n, (happened_at, facts) in enumerate(groupby(dated_facts, key=lambda dated: dated[1])):
            cause_of_group = uuid5(cause, str(n)) if n else cause
            work.record(timer.key, [fact for fact, _ in facts], happened_at, cause_of_group, span)
        return later, span

    async def _put_off(self, db: Connection, timer: Timer, at: datetime, fault: Exception) -> None:
        seconds = min(2.0 ** min(timer.attempts, 20), LONGEST)
        cause = repr(fault).replace("\0", "")[:1000]
        await timer_rows.put_off(db, timer.kind, timer.key, timer.name, at + timedelta(seconds=seconds), cause)
        with bound_contextvars(**{self.kinds[timer.kind].repository.rules.stream: str(timer.key)}):
            log.error("timer failed", kind=timer.kind, key=str(timer.key), cause=cause, seconds=seconds)
        self._count([timer], "failed")

    def _count(self, timers: Sequence[Timer], result: str) -> None:
        for timer in timers:
            service = self.kinds[timer.kind].repository.rules.service
            metrics.TIMERS.labels(service, timer.kind, result).inc()


def _keys(timers: Sequence[Timer]) -> list[UUID]:
    return [timer.key for timer in timers]


async def _claim(db: Connection, kinds: Sequence[str], at: datetime) -> list[Timer]:
    rows = await timer_rows.claim(db, kinds, at, AT_ONCE)
    return [Timer(**dict(row) | {"payload": orjson.loads(row["payload"])}) for row in rows]
