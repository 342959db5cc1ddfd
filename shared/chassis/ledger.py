"""A service's own copy of every aggregate, kept in step with its journal."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol
from uuid import UUID

from shared.chassis import journal
from shared.chassis.clock import uuid5
from shared.chassis.database import Connection
from shared.chassis.writes import Writes
from shared.contracts.envelope import Envelope
from shared.contracts.rules import F, Rules, S


@dataclass(frozen=True, slots=True)
class Change(Generic[S, F]):
    """One fact and what it made of the aggregate; for a note, `before` and `after` are the same."""

    before: S
    after: S
    fact: F
    envelope: Envelope
    told_here: bool


class Stale(Exception):
    """Another process changed the aggregate between load and save; the batch is tried again."""


@dataclass(slots=True)
class Page(Generic[S, F]):
    """The aggregates of one batch in memory; nothing is written before `Ledger.save`."""

    rules: Rules[S, F]
    now: datetime
    loaded: dict[UUID, S]
    states: dict[UUID, S] = field(default_factory=dict)
    changes: list[Change[S, F]] = field(default_factory=list)

    def state(self, key: UUID) -> S:
        """The aggregate as of now; a blank one when it is not known."""
        known = self.states.get(key) or self.loaded.get(key)
        if known is None:
            known = self.loaded[key] = self.rules.blank(key)
        return known

    def hear(self, envelope: Envelope) -> None:
        """Fold a fact and tell what follows from it; raises and changes nothing when it is refused."""
        fact = self.rules.parse(envelope.type, envelope.data)
        before = self.state(envelope.key)
        after = self.rules.evolve(before, fact, envelope.time)
        self._keep(list(self._follow([Change(before, after, fact, envelope, told_here=False)])))

    def tell(self, key: UUID, facts: Iterable[F], at: datetime, cause: UUID) -> list[Envelope]:
        """Tell facts that a command decided; the same cause makes the same event ids."""
        state, told = self.state(key), []
        for n, fact in enumerate(facts):
            self.rules.may_tell(fact)
            moved = self.rules.evolve(state, fact, at)
            envelope = self._envelope(moved, fact, key, at, uuid5(cause, str(n)), cause, cause)
            told.append(Change(state, moved, fact, envelope, told_here=True))
            state = moved
        changes = list(self._follow(told))
        self._keep(changes)
        return [change.envelope for change in changes]

    def _keep(self, changes: Iterable[Change[S, F]]) -> None:
        for change in changes:
            self.states[change.envelope.key] = change.after
            self.changes.append(change)

    def _follow(self, first: Iterable[Change[S, F]]) -> Iterator[Change[S, F]]:
        """What happened, and what this service tells because of it, to the end."""
        waiting = deque(first)
        while waiting:
            change = waiting.popleft()
            yield change
            if not waiting:
                waiting.extend(self._answers(change))

    def _answers(self, change: Change[S, F]) -> Iterator[Change[S, F]]:
        heard, state = change.envelope, change.after
        for n, (fact, at) in enumerate(self.rules.react(state, change.fact, heard.time, self.now)):
            self.rules.may_tell(fact)
            moved = self.rules.evolve(state, fact, at)
            name = uuid5(heard.id, f"{self.rules.service}:{n}")
            correlation = heard.correlation or heard.id
            envelope = self._envelope(moved, fact, heard.key, at, name, heard.id, correlation)
            yield Change(state, moved, fact, envelope, told_here=True)
            state = moved

    def _envelope(
        self, state: S, fact: F, key: UUID, at: datetime, name: UUID, cause: UUID, correlation: UUID
    ) -> Envelope:
        return Envelope(
            id=name,
            stream=self.rules.stream,
            key=key,
            type=fact.wire_type(),
            source=f"/services/{self.rules.service}",
            subject=self.rules.subject(state),
            time=at,
            sequence=state.version if fact.moves else None,
            causation=cause,
            correlation=correlation,
            traceparent=None,
            imported=self.rules.is_imported(state),
            data=fact.model_dump_json(exclude_defaults=True),
        )


class Memory(Protocol[S, F]):
    """What a service writes beside its ledger for the changes of a batch."""

    def __call__(self, writes: Writes, changes: Sequence[Change[S, F]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Ledger(Generic[S, F]):
    """The table of aggregates `(id, version, state)`, its rules, and what is remembered beside it."""

    table: str
    rules: Rules[S, F]
    remember: Memory[S, F]

    async def load(self, db: Connection, keys: Iterable[UUID], now: datetime) -> Page[S, F]:
        """Load and lock the known ones among `keys`, in one query."""
        rows = await db.fetch(
            f'SELECT id, state::text FROM "{self.table}" WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE',  # noqa: S608
            list(set(keys)),
        )
        loaded = {row["id"]: self.rules.revive(row["state"]) for row in rows}
        return Page(self.rules, now, loaded)

    async def save(self, db: Connection, page: Page[S, F]) -> None:
        """Write what changed; raises `Stale`."""
        writes = Writes()
        self.put(writes, page)
        await writes.write(db)

    def put(self, writes: Writes, page: Page[S, F]) -> None:
        """Add what changed: aggregates, own facts, and what the service remembers beside them."""
        moved = {key: state for key, state in page.states.items() if state.version != _version(page, key)}
        fresh = {key: moved.pop(key) for key in list(moved) if _version(page, key) == 0}
        if fresh:
            self._insert(writes, fresh)
        if moved:
            self._update(writes, page, moved)
        journal.append(writes, [c.envelope for c in page.changes if c.told_here])
        if page.changes:
            self.remember(writes, page.changes)

    def _insert(self, writes: Writes, fresh: Mapping[UUID, S]) -> None:
        writes.add(
            f"""
            INSERT INTO "{self.table}" (id, version, state)
            SELECT id, version, state::jsonb
            FROM unnest($1::uuid[], $2::int[], $3::text[]) AS fresh (id, version, state)
            ON CONFLICT DO NOTHING
            """,  # noqa: S608 (the ledger's own table)
            *_columns(fresh),
            verdict=lambda n: None if n == len(fresh) else Stale(f"{len(fresh)} new aggregates, {n} saved"),
        )

    def _update(self, writes: Writes, page: Page[S, F], moved: Mapping[UUID, S]) -> None:
        writes.add(
            f"""
            UPDATE "{self.table}" AS known SET version = moved.version, state = moved.state::jsonb
            FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[]) AS moved (id, version, state, before)
            WHERE known.id = moved.id AND known.version = moved.before
            """,  # noqa: S608 (the ledger's own table)
            *_columns(moved),
            [_version(page, key) for key in moved],
            verdict=lambda n: None if n == len(moved) else Stale(f"{len(moved)} aggregates to save, {n} saved"),
        )


def _columns(states: Mapping[UUID, S]) -> tuple[list[UUID], list[int], list[str]]:
    return (
        list(states),
        [state.version for state in states.values()],
        [state.model_dump_json(exclude_defaults=True) for state in states.values()],
    )


def _version(page: Page[S, F], key: UUID) -> int:
    known = page.loaded.get(key)
    return known.version if known else 0
