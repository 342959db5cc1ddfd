"""Write batches: all writes of a transaction in one SQL statement, so in one round trip to the database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import asyncpg

from shared.chassis.database.pool import Connection
from shared.contracts.refusals import Code, Refused

_PARAMETER: Final = re.compile(r"\$(\d+)")


class Stale(Refused):
    """Another writer was first: the caller must read again and try again."""

    def __init__(self) -> None:
        super().__init__(
            Code.CONFLICT,
            "another request changed this in the meantime; send your request again",
            "内容刚被其他请求更新，请重新提交",
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """One statement, the number of rows that it must write, and the SQL expression that it returns for each row."""

    sql: str
    args: tuple[object, ...]
    rows: int | None
    telling: str | None


@dataclass(slots=True)
class WriteBatch:
    """Collects INSERT, UPDATE and DELETE statements.

    They run as parts of one statement: none sees the rows of another, and no two may write the same row.
    """

    _parts: list[_Part] = field(default_factory=list)
    _clashes: dict[str, Exception] = field(default_factory=dict)
    _after: "WriteBatch | None" = None

    def add(self, sql: str, *args: object, rows: int | None = None, telling: str | None = None) -> None:
        """Add a statement. With `rows`, any other number of written rows rolls everything back and raises `Stale`.

        `telling` is an SQL expression of one value: `write` returns its value for each row that the statement wrote.
        """
        self._parts.append(_Part(sql, args, rows, telling))

    def clash(self, constraint: str, fault: Exception) -> None:
        """Raise `fault` if a row violates this unique constraint."""
        self._clashes[constraint] = fault

    @property
    def after(self) -> "WriteBatch":
        """A second batch, written after this one in the same transaction: it may change rows of this one."""
        if self._after is None:
            self._after = WriteBatch()
        return self._after

    async def write(self, db: Connection) -> list[list[Any]]:
        """Write everything or nothing; returns a list of values for each statement with `telling`, in order."""
        if self._after is None:
            return await self._write(db)
        async with db.transaction():
            return await self._write(db) + await self._after.write(db)

    async def _write(self, db: Connection) -> list[list[Any]]:
        if not self._parts:
            return []
        counted = [part.rows for part in self._parts if part.rows is not None]
        args = (arg for part in self._parts for arg in part.args)
        try:
            row = await db.fetchrow(_joined(self._shape()), *args, *counted)
        except asyncpg.UniqueViolationError as clash:
            raise self._clashes.get(clash.constraint_name or "", clash) from clash
        except asyncpg.SerializationError as fault:
            raise Stale from fault
        telling = sum(part.telling is not None for part in self._parts)
        return [rows or [] for rows in row[len(row) - telling :]] if row else []

    def _shape(self) -> tuple[tuple[str, int, bool, str | None], ...]:
        return tuple((part.sql, len(part.args), part.rows is not None, part.telling) for part in self._parts)


@lru_cache(maxsize=256)
def _joined(parts: Sequence[tuple[str, int, bool, str | None]]) -> str:
    """The statements as common table expressions, with their parameters renumbered; a count makes each of them run.

    Neighbouring statements without a required number of rows share one count: a count costs as much as a small insert.
    """
    tables, arrays, counts, before = [], [], [], 0
    places = sum(args for _, args, _, _ in parts)
    for n, (sql, args, _, telling) in enumerate(parts):
        tables.append(f"w{n} AS ({_renumbered(sql, before)} RETURNING {telling or 1} AS told)")
        if telling:
            arrays.append(f"(SELECT array_agg(told) FROM w{n})")  # noqa: S608 (a number)
        before += args
    for counted, run in groupby(range(len(parts)), lambda n: parts[n][2]):
        if counted:
            for n in run:
                places += 1
                counts.append(f"exactly((SELECT count(*) FROM w{n}), ${places})")  # noqa: S608 (numbers)
        else:
            rows = " UNION ALL ".join(f"SELECT FROM w{n}" for n in run)
            counts.append(f"(SELECT count(*) FROM ({rows}) AS together)")  # noqa: S608 (numbers)
    return f"WITH {', '.join(tables)} SELECT {', '.join(counts + arrays)}"


def _renumbered(sql: str, by: int) -> str:
    return _PARAMETER.sub(lambda parameter: f"${int(parameter[1]) + by}", sql)
