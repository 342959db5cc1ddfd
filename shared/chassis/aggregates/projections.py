"""Projections: what a service keeps beside its aggregates, declared by the facts that it is made of."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.rules import F, S

R = TypeVar("R")
Project = Callable[[WriteBatch, Sequence[Change[S, F]]], None]
"""Adds to a write what the changes of a batch come to; called once for a batch."""


@dataclass(frozen=True, slots=True)
class Projection(Generic[S, F, R]):
    """Turns facts into rows, and writes the rows of a whole batch at once.

    `on` says for each class of fact which function makes the row of a change; None: this one comes to nothing.
    `ignores` names all other classes of the stream, so that a new fact cannot be forgotten: a test compares both with
    the contracts. `write` gets the rows in the order of their facts; it is not called where there are none.
    """

    on: Mapping[type[F], Callable[[Change[S, Any]], R | None]]
    ignores: Collection[type[F]]
    write: Callable[[WriteBatch, Sequence[R]], None]

    def __call__(self, writes: WriteBatch, changes: Sequence[Change[S, F]]) -> None:
        rows = []
        for change in changes:
            row_of = self.on.get(type(change.fact))
            row = row_of(change) if row_of else None
            if row is not None:
                rows.append(row)
        if rows:
            self.write(writes, rows)


@dataclass(frozen=True, slots=True)
class Composed(Generic[S, F]):
    """Several projections of one stream, in order."""

    parts: Sequence[Projection[S, F, Any]]

    def __call__(self, writes: WriteBatch, changes: Sequence[Change[S, F]]) -> None:
        for part in self.parts:
            part(writes, changes)


def compose(*parts: Projection[S, F, Any]) -> Composed[S, F]:
    """What a repository calls."""
    return Composed(parts)


def whole(change: Change[S, F]) -> Change[S, F]:
    """The change itself as its row: for a `write` that looks at all changes of a batch together."""
    return change
