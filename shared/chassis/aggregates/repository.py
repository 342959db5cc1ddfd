"""Repositories: load and lock a service's aggregates, and save them with their journal and projections."""

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
    """One table of aggregates `(id, version, state)`, their rules, and the projections that are written with them."""

    table: str
    rules: Rules[S, F]
    project: Project[S, F]

    async def load(self, db: Connection, keys: Iterable[UUID], now: datetime) -> UnitOfWork[S, F]:
        """Load and lock those of `keys` that exist, in one query: a command waits for the one that holds the lock."""
        rows = await db.fetch(
            f'SELECT id, state::text FROM "{self.table}" WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE',  # noqa: S608
            list(set(keys)),
        )
        return self.work_on({row["id"]: row["state"] for row in rows}, now)

    async def lock_free(self, db: Connection, keys: Iterable[UUID]) -> set[UUID]:
        """Lock those of `keys` that no other transaction has locked, without waiting; returns the others."""
        rows = await db.fetch(
            f"""
            WITH locked AS MATERIALIZED (
                SELECT id FROM "{self.table}" WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE SKIP LOCKED
            )
            SELECT id FROM "{self.table}" WHERE id = ANY($1::uuid[]) AND id NOT IN (SELECT id FROM locked)
            """,  # noqa: S608 (the repository's own table)
            list(set(keys)),
        )
        return {row["id"] for row in rows}

    def work_on(self, states: Mapping[UUID, str], now: datetime) -> UnitOfWork[S, F]:
        """A unit of work over the stored aggregates; `states` holds the state (JSON) of each by its id."""
        return UnitOfWork(self.rules, now, {key: self.rules.load(state) for key, state in states.items()})

    async def save(self, db: Connection, work: UnitOfWork[S, F]) -> None:
        """Write the changes of a unit of work; raises `Stale` if another writer was first."""
        writes = WriteBatch()
        self.put(writes, work)
        await writes.write(db)

    def put(self, writes: WriteBatch, work: UnitOfWork[S, F]) -> None:
        """Add the changes to `writes`: aggregates, the service's own facts, and the rows of its projections."""
        changed = {key: state for key, state in work.states.items() if state.version != work.version_before(key)}
        created = {key: changed.pop(key) for key in list(changed) if not work.version_before(key)}
        if created:
            self._insert(writes, created)
        if changed:
            self._update(writes, changed, work)
        journal.append(writes, [c.envelope for c in work.changes if c.is_own])
        if work.changes:
            self.project(writes, work.changes)

    def _insert(self, writes: WriteBatch, created: Mapping[UUID, S]) -> None:
        writes.add(
            f"""
            INSERT INTO "{self.table}" (id, version, state)
            SELECT id, version, state FROM unnest($1::ledger_row[])
            """,  # noqa: S608 (the repository's own table)
            [_row(key, state, 0) for key, state in created.items()],
        )
        # Cheaper than ON CONFLICT, which looks into each index twice and writes more WAL.
        writes.clash(f"{self.table}_pkey", Stale())

    def _update(self, writes: WriteBatch, changed: Mapping[UUID, S], work: UnitOfWork[S, F]) -> None:
        writes.add(
            f"""
            UPDATE "{self.table}" AS stored SET version = changed.version, state = changed.state
            FROM unnest($1::ledger_row[]) AS changed
            WHERE stored.id = changed.id AND stored.version = changed.before
            """,  # noqa: S608 (the repository's own table)
            [_row(key, state, work.version_before(key)) for key, state in changed.items()],
            rows=len(changed),
        )


def _row(key: UUID, state: Folded, before: int) -> tuple[UUID, int, str, int]:
    return key, state.version, state.model_dump_json(exclude_defaults=True), before


@dataclass(frozen=True, slots=True)
class Repositories:
    """The repositories of one service, by the stream of their aggregates.

    Ids are unique over all streams: two aggregates of different streams never share an id.
    """

    service: str
    by_stream: Mapping[str, Repository[Any, Any]]
    tables: Mapping[str, str]

    @classmethod
    def of(cls, *repositories: Repository[Any, Any]) -> "Repositories":
        """Collect the repositories of one service; raises `ValueError` if two have the same stream."""
        by_stream = {repository.rules.stream: repository for repository in repositories}
        (service,) = {repository.rules.service for repository in repositories}
        if len(by_stream) < len(repositories):
            raise ValueError(f"{service} has two repositories of one stream")
        return cls(service, by_stream, {stream: repository.table for stream, repository in by_stream.items()})

    def handles(self, stream: str, type: str) -> bool:
        """Whether this service knows the fact type in this stream."""
        return stream in self.by_stream and self.by_stream[stream].rules.handles(type)

    def work_on(self, states: Mapping[str, Mapping[UUID, str]], now: datetime) -> Mapping[str, UnitOfWork[Any, Any]]:
        """A unit of work for each stream; `states` holds the stored states by stream and by id."""
        return {stream: repository.work_on(states[stream], now) for stream, repository in self.by_stream.items()}

    def put(self, writes: WriteBatch, works: Mapping[str, UnitOfWork[Any, Any]]) -> None:
        """Add the changes of each stream to `writes`."""
        for stream, work in works.items():
            if work.changes:
                self.by_stream[stream].put(writes, work)
