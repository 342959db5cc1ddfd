"""Compares a schema as the version before left it with the schema of today: what would that version miss or be refused?

Reads PostgreSQL's own catalog, so that it does not matter how a migration is written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

SCHEMAS: Final = ("intake", "routing", "feedback", "reporting")
_COLUMNS: Final = """
    SELECT nspname || '.' || relname AS owner, attname AS name, format_type(atttypid, atttypmod) AS type, relkind,
        attnotnull AS is_required, atthasdef OR attidentity <> '' AS is_filled
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = ANY($1) AND relkind IN ('r', 'p', 'v', 'm', 'c') AND attnum > 0 AND NOT attisdropped
    ORDER BY owner, attnum
"""
_KEYS: Final = """
    SELECT nspname || '.' || relname AS owner, 'unique (' || (
            SELECT string_agg(pg_get_indexdef(indexrelid, n, true), ', ' ORDER BY n)
            FROM generate_series(1, indnkeyatts) AS n
        ) || ')' || coalesce(' where ' || pg_get_expr(indpred, indrelid), '') AS rule
    FROM pg_index JOIN pg_class relation ON relation.oid = indrelid
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = ANY($1) AND indisunique AND indisvalid
"""
_CHECKS: Final = """
    SELECT nspname || '.' || relname AS owner, pg_get_constraintdef(pg_constraint.oid) AS rule
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = ANY($1) AND contype IN ('c', 'f', 'x')
"""
_FUNCTIONS: Final = """
    SELECT nspname || '.' || proname || '(' || pg_get_function_identity_arguments(pg_proc.oid) || ')' AS name,
        pg_get_function_result(pg_proc.oid) AS result
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname = ANY($1)
"""
_LABELS: Final = """
    SELECT nspname || '.' || typname AS owner, enumlabel AS label FROM pg_enum
    JOIN pg_type ON pg_type.oid = enumtypid JOIN pg_namespace ON pg_namespace.oid = typnamespace
    WHERE nspname = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view, or an attribute of a row type."""

    type: str
    is_required: bool
    is_filled: bool
    """Whether it has a value where a statement names none."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """What there is, by the names that statements use."""

    columns: Mapping[str, Mapping[str, Column]]
    """By table, view or row type."""
    row_types: frozenset[str]
    unique: Mapping[str, frozenset[str]]
    checks: Mapping[str, frozenset[str]]
    functions: Mapping[str, str]
    labels: Mapping[str, frozenset[str]]
    """Of types that list their values."""


async def read(db: asyncpg.Connection) -> Catalog:
    """The schemas of all services."""
    columns, row_types = dict[str, dict[str, Column]](), set[str]()
    for row in await db.fetch(_COLUMNS, SCHEMAS):
        column = Column(row["type"], row["is_required"], row["is_filled"])
        columns.setdefault(row["owner"], {})[row["name"]] = column
        row_types |= {row["owner"]} if row["relkind"] == b"c" else set()
    functions = {row["name"]: row["result"] for row in await db.fetch(_FUNCTIONS, SCHEMAS)}
    unique = _grouped(await db.fetch(_KEYS, SCHEMAS), "rule")
    checks = _grouped(await db.fetch(_CHECKS, SCHEMAS), "rule")
    labels = _grouped(await db.fetch(_LABELS, SCHEMAS), "label")
    return Catalog(columns, frozenset(row_types), unique, checks, functions, labels)


def _grouped(rows: list[Any], what: str) -> dict[str, frozenset[str]]:
    found = dict[str, set[str]]()
    for row in rows:
        found.setdefault(row["owner"], set()).add(row[what])
    return {owner: frozenset(names) for owner, names in found.items()}


def narrowed(before: Catalog, now: Catalog) -> Iterator[str]:
    """In words, each thing that statements of the version before would miss, or be refused for; pure."""
    for owner, columns in before.columns.items():
        if owner not in now.columns:
            yield f"{owner} is gone"
        elif owner in before.row_types:
            # Statements name no attributes: they write all, in their order.
            if list(columns.items()) != list(now.columns[owner].items()):
                yield f"{owner} is another row type: make a new one beside it"
        else:
            yield from _narrowed_columns(owner, columns, now.columns[owner])
    known = [owner for owner in before.columns if owner in now.columns]
    for owner in known:
        yield from _rules(owner, before, now)
    for name, result in before.functions.items():
        if now.functions.get(name) != result:
            yield f"the function {name} is gone or gives something else"
    for owner, labels in before.labels.items():
        yield from (f"{owner} has no value {label} any more" for label in labels - now.labels.get(owner, frozenset()))


def _narrowed_columns(owner: str, before: Mapping[str, Column], now: Mapping[str, Column]) -> Iterator[str]:
    for name, column in before.items():
        today = now.get(name)
        if today is None:
            yield f"{owner}.{name} is gone"
        elif today.type != column.type:
            yield f"{owner}.{name} is {today.type}, and was {column.type}"
        elif today.is_required and not today.is_filled and (column.is_filled or not column.is_required):
            yield f"{owner}.{name} refuses rows without it: it is needed, and has no default"
        elif today.is_required and not column.is_required:
            yield f"{owner}.{name} refuses rows that name no value: it may not be empty any more"
    for name in now.keys() - before.keys():
        if now[name].is_required and not now[name].is_filled:
            yield f"{owner}.{name} is new and needed, and has no default"


def _rules(owner: str, before: Catalog, now: Catalog) -> Iterator[str]:
    unique, unique_now = before.unique.get(owner, frozenset()), now.unique.get(owner, frozenset())
    yield from (f"{owner} lost what ON CONFLICT names: {rule}" for rule in unique - unique_now)
    yield from (f"{owner} refuses rows that it took before: {rule}" for rule in unique_now - unique)
    checks, checks_now = before.checks.get(owner, frozenset()), now.checks.get(owner, frozenset())
    yield from (f"{owner} refuses rows that it took before: {rule}" for rule in checks_now - checks)
