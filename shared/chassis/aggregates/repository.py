"""A service's own copy of its aggregates, kept in step with its journal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic
from uuid import UUID

from shared.chassis.aggregates import journal
from shared.chassis.aggregates.projections import Project
from shared.chassis.aggregates.unit_of_work import UnitOfWork
from shared.chassis.database.pool import Connection
from shared.chassis.database.write_batch import Stale, WriteBatch
from shared.contracts.rules import F, Folded, Rules, S


@dataclass(frozen=True, slots=True)
class Repository(Generic[S, F]):
    """The table of aggregates `(id, version, state)`, its rules, and what is remembered beside it."""

    table: str
    rules: Rules[S, F]
    project: Project[S, F]

    async def load(self, db: Connection, keys: Iterable[UUID], now: datetime) -> UnitOfWork[S, F]:
        """Load and lock the known ones among `keys`, in one query: a command waits for the one before it."""
        rows = await db.fetch(
            f'SELECT id, state::text FROM "{self.table}" WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE',  # noqa: S608
            list(set(keys)),
        )
        return self.work_on({row["id"]: row["state"] for row in rows}, now)

    async def lock_free(self, db: Connection, keys: Iterable[UUID]) -> set[UUID]:
        """Lock those among `keys` that no other transaction holds, waiting for none; returns those that others hold."""
        rows = await db.fetch(
            f"""
            WITH mine AS MATERIALIZED (
                SELECT id FROM "{self.table}" WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED
            )
            SELECT id FROM "{self.table}" WHERE id = ANY($1::uuid[]) AND id NOT IN (SELECT id FROM mine)
            """,  # noqa: S608 (the repository's own table)
            list(set(keys)),
        )
        return {row["id"] for row in rows}

    def work_on(self, states: Mapping[UUID, str], now: datetime) -> UnitOfWork[S, F]:
        """A unit of work over the aggregates that are known, by their states as they are stored."""
        return UnitOfWork(self.rules, now, {key: self.rules.load(state) for key, state in states.items()})

    async def save(self, db: Connection, work: UnitOfWork[S, F]) -> None:
        """Write what changed; raises `Stale`."""
        writes = WriteBatch()
        self.put(writes, work)
        await writes.write(db)

    def put(self, writes: WriteBatch, work: UnitOfWork[S, F]) -> None:
        """Add what changed: aggregates, own facts, and what the service remembers beside them."""
        moved = {key: state for key, state in work.states.items() if state.version != work.version_before(key)}
        fresh = {key: moved.pop(key) for key in list(moved) if not work.version_before(key)}
        if fresh:
            self._insert(writes, fresh)
        if moved:
            self._update(writes, moved, work)
        journal.append(writes, [c.envelope for c in work.changes if c.is_own])
        if work.changes:
            self.project(writes, work.changes)

    def _insert(self, writes: WriteBatch, fresh: Mapping[UUID, S]) -> None:
        writes.add(
            f"""
            INSERT INTO "{self.table}" (id, version, state)
            SELECT id, version, state FROM unnest($1::ledger_row[])
            """,  # noqa: S608 (the repository's own table)
            [_row(key, state, 0) for key, state in fresh.items()],
        )
        # Cheaper than ON CONFLICT, which looks into each index twice and writes more log.
        writes.clash(f"{self.table}_pkey", Stale())

    def _update(self, writes: WriteBatch, moved: Mapping[UUID, S], work: UnitOfWork[S, F]) -> None:
        writes.add(
            f"""
            UPDATE "{self.table}" AS known SET version = moved.version, state = moved.state
            FROM unnest($1::ledger_row[]) AS moved
            WHERE known.id = moved.id AND known.version = moved.before
            """,  # noqa: S608 (the repository's own table)
            [_row(key, state, work.version_before(key)) for key, state in moved.items()],
            rows=len(moved),
        )


def _row(key: UUID, state: Folded, before: int) -> tuple[UUID, int, str, int]:
    return key, state.version, state.model_dump_json(exclude_defaults=True), before


@dataclass(frozen=True, slots=True)
class Repositories:
    """The repositories of one service, by the stream of their aggregates.

    The id of an aggregate is used by no aggregate of another stream.
    """

    service: str
    by_stream: Mapping[str, Repository[Any, Any]]
    tables: Mapping[str, str]

    @classmethod
    def of(cls, *repositories: Repository[Any, Any]) -> "Repositories":
        """Those of one service, one for each stream."""
        by_stream = {repository.rules.stream: repository for repository in repositories}
        (service,) = {repository.rules.service for repository in repositories}
        if len(by_stream) < len(repositories):
            raise ValueError(f"{service} has two repositories of one stream")
        return cls(service, by_stream, {stream: repository.table for stream, repository in by_stream.items()})

    def handles(self, stream: str, type: str) -> bool:
        """Whether the fact type is known in this stream."""
        return stream in self.by_stream and self.by_stream[stream].rules.handles(type)

    def work_on(self, states: Mapping[str, Mapping[UUID, str]], now: datetime) -> Mapping[str, UnitOfWork[Any, Any]]:
        """A unit of work for each stream, over the aggregates as they are stored."""
        return {stream: repository.work_on(states[stream], now) for stream, repository in self.by_stream.items()}

    def put(self, writes: WriteBatch, works: Mapping[str, UnitOfWork[Any, Any]]) -> None:
        """Add what changed in each stream."""
        for stream, work in works.items():
            if work.changes:
                self.by_stream[stream].put(writes, work)
