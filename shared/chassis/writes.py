"""What a transaction writes, sent as one statement: one round trip for all tables instead of one for each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import asyncpg

from shared.chassis.database import Connection
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
    """A statement of its own, and how many rows it must write."""

    sql: str
    args: tuple[object, ...]
    rows: int | None


@dataclass(slots=True)
class Writes:
    """INSERT, UPDATE and DELETE, collected. None sees what another writes, and no two may write the same row."""

    _parts: list[_Part] = field(default_factory=list)
    _clashes: dict[str, Exception] = field(default_factory=dict)
    _after: "Writes | None" = None

    def add(self, sql: str, *args: object, rows: int | None = None) -> None:
        """Write this too; where it must write exactly `rows`, any other number undoes all and raises `Stale`."""
        self._parts.append(_Part(sql, args, rows))

    def clash(self, constraint: str, fault: Exception) -> None:
        """Raise this where a row breaks the unique constraint."""
        self._clashes[constraint] = fault

    @property
    def after(self) -> "Writes":
        """What is written next, because it changes rows that are written here."""
        if self._after is None:
            self._after = Writes()
        return self._after

    async def write(self, db: Connection) -> None:
        """Write everything or nothing; a single statement needs no transaction around it."""
        if self._after is None:
            await self._write(db)
            return
        async with db.transaction():
            await self._write(db)
            await self._after.write(db)

    async def _write(self, db: Connection) -> None:
        if not self._parts:
            return
        counted = [part.rows for part in self._parts if part.rows is not None]
        try:
            await db.execute(_joined(self._shape()), *(arg for part in self._parts for arg in part.args), *counted)
        except asyncpg.UniqueViolationError as clash:
            raise self._clashes.get(clash.constraint_name or "", clash) from clash
        except asyncpg.SerializationError as fault:
            raise Stale from fault

    def _shape(self) -> tuple[tuple[str, int, bool], ...]:
        return tuple((part.sql, len(part.args), part.rows is not None) for part in self._parts)


@lru_cache(maxsize=256)
def _joined(parts: Sequence[tuple[str, int, bool]]) -> str:
    """Common table expressions with their places numbered through; counting them makes them run, in order."""
    tables, counts, before = [], [], 0
    places = sum(args for _, args, _ in parts)
    for n, (sql, args, counted) in enumerate(parts):
        tables.append(f"w{n} AS ({_moved(sql, before)} RETURNING 1)")
        before += args
        count = f"(SELECT count(*) FROM w{n})"  # noqa: S608 (a number)
        places += counted
        counts.append(f"exactly({count}, ${places})" if counted else count)
    return f"WITH {', '.join(tables)} SELECT {', '.join(counts)}"


def _moved(sql: str, by: int) -> str:
    return _PLACE.sub(lambda place: f"${int(place[1]) + by}", sql)
