"""What a transaction writes, sent as one statement: one round trip for all tables instead of one for each."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import asyncpg

from shared.chassis.database import Connection

_PLACE: Final = re.compile(r"\$(\d+)")
Verdict = Callable[[int], Exception | None]


@dataclass(slots=True)
class Writes:
    """INSERT, UPDATE and DELETE, collected. None sees what another writes, and no two may write the same row."""

    _sql: list[str] = field(default_factory=list)
    _args: list[tuple[object, ...]] = field(default_factory=list)
    _verdicts: dict[int, Verdict] = field(default_factory=dict)
    _clashes: dict[str, Exception] = field(default_factory=dict)
    _after: "Writes | None" = None

    def add(self, sql: str, *args: object, verdict: Verdict | None = None) -> None:
        """Write this too; `verdict` is given the number of rows written and may answer with a fault to raise."""
        if verdict:
            self._verdicts[len(self._sql)] = verdict
        self._sql.append(sql)
        self._args.append(args)

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
        """Write everything, or raise and leave the transaction to its end; one statement needs no transaction."""
        if self._sql:
            await self._write(db)
        if self._after:
            await self._after.write(db)

    async def _write(self, db: Connection) -> None:
        sql = _joined(tuple((sql, len(args)) for sql, args in zip(self._sql, self._args, strict=True)))
        try:
            written = await db.fetchrow(sql, *(arg for args in self._args for arg in args))
        except asyncpg.UniqueViolationError as clash:
            raise self._clashes.get(clash.constraint_name or "", clash) from clash
        assert written, "a SELECT of numbers has a row"
        for n, verdict in self._verdicts.items():
            if fault := verdict(written[n]):
                raise fault


@lru_cache(maxsize=256)
def _joined(parts: tuple[tuple[str, int], ...]) -> str:
    """Common table expressions with their places numbered through, and how many rows each wrote."""
    tables, before = [], 0
    for n, (sql, places) in enumerate(parts):
        tables.append(f"w{n} AS ({_moved(sql, before)} RETURNING 1)")
        before += places
    counts = ", ".join(f"(SELECT count(*) FROM w{n})" for n in range(len(parts)))  # noqa: S608 (numbers)
    return f"WITH {', '.join(tables)} SELECT {counts}"


def _moved(sql: str, by: int) -> str:
    return _PLACE.sub(lambda place: f"${int(place[1]) + by}", sql)
