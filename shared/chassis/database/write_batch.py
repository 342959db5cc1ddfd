"""What a transaction writes, sent as one statement: one round trip for all tables instead of one for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import asyncpg

from shared.chassis.database.pool import Connection
from shared.contracts.refusals import Code, Refused

_PLACE: Final = re.compile(r"\$(\d+)")


class Stale(Refused):
    """Another writer was first: read again, then try again."""

    def __init__(self) -> None:
        super().__init__(
            Code.CONFLICT,
            "another request changed this meanwhile; send yours again",
            "内容刚被其他请求更新，请重新提交",
        )


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement of its own, how many rows it must write, and what is told of each."""

    sql: str
    args: tuple[object, ...]
    rows: int | None
    telling: str | None


@dataclass(slots=True)
class WriteBatch:
    """INSERT, UPDATE and DELETE, collected. None sees what another writes, and no two may write the same row."""

    _parts: list[_Part] = field(default_factory=list)
    _clashes: dict[str, Exception] = field(default_factory=dict)
    _after: "WriteBatch | None" = None

    def add(self, sql: str, *args: object, rows: int | None = None, telling: str | None = None) -> None:
        """Write this too; where it must write exactly `rows`, any other number undoes all and raises `Stale`.

        `telling` is an SQL expression of one value: `write` gives it back for each row that this statement wrote.
        """
        self._parts.append(_Part(sql, args, rows, telling))

    def clash(self, constraint: str, fault: Exception) -> None:
        """Raise this where a row breaks the unique constraint."""
        self._clashes[constraint] = fault

    @property
    def after(self) -> "WriteBatch":
        """What is written next, because it changes rows that are written here."""
        if self._after is None:
            self._after = WriteBatch()
        return self._after

    async def write(self, db: Connection) -> list[list[Any]]:
        """Write everything or nothing, and say what was to be told; a single statement needs no transaction around
        it."""
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
    """Common table expressions with their places numbered through; counting them makes them run, in order.

    Neighbours of which any number will do are counted together: a count of its own costs as much as a small insertion.
    """
    tables, arrays, counts, before = [], [], [], 0
    places = sum(args for _, args, _, _ in parts)
    for n, (sql, args, _, telling) in enumerate(parts):
        tables.append(f"w{n} AS ({_moved(sql, before)} RETURNING {telling or 1} AS told)")
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


def _moved(sql: str, by: int) -> str:
    return _PLACE.sub(lambda place: f"${int(place[1]) + by}", sql)
