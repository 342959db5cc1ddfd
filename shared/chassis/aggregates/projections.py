"""Projections: tables that a service fills from the facts of its aggregates."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from shared.chassis.aggregates.unit_of_work import Change
from shared.chassis.database.write_batch import WriteBatch
from shared.contracts.rules import F, S

R = TypeVar("R")
Project = Callable[[WriteBatch, Sequence[Change[S, F]]], None]
"""Adds the rows that follow from the changes of a batch to the write; called once for each batch."""


@dataclass(frozen=True, slots=True)
class Projection(Generic[S, F, R]):
    """Turns facts into rows, and writes the rows of a whole batch at once.

    `on` names for each class of fact the function that turns a change into a row; a function that returns None writes
    no row. `ignores` names all other classes of the stream: a test compares both lists with the contracts, so that a
    new fact cannot be forgotten. `write` gets the rows in the order of their facts; it is not called without rows.
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
    """Several projections of one stream, called in order."""

    parts: Sequence[Projection[S, F, Any]]

    def __call__(self, writes: WriteBatch, changes: Sequence[Change[S, F]]) -> None:
        for part in self.parts:
            part(writes, changes)


def compose(*parts: Projection[S, F, Any]) -> Composed[S, F]:
    """Join projections into the one that a repository calls."""
    return Composed(parts)


def change_itself(change: Change[S, F]) -> Change[S, F]:
    """The change itself as its row: for a `write` that needs all changes of a batch together."""
    return change
