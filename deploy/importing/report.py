"""The report at the end of an import: counts the mistakes in refused rows by column and reason."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

from deploy.importing.progress_log import RefusedRow
from shared.contracts.text import printable

REASONS: Final = 10
_KEPT: Final = 1000


_PARTICULAR: Final = re.compile(
    r"，是否为 / perhaps .*|“[^”]*”|'[^']*'|\"[^\"]*\"|[A-Za-z0-9_.:+-]*[0-9][A-Za-z0-9_.:+-]*"
)
"""The parts of a reason that differ from row to row: quoted values, numbers and times, suggestions."""


def cause_of(reason: str) -> str:
    """The reason without the parts that are specific to its row."""
    return _PARTICULAR.sub("…", reason)


@dataclass(slots=True)
class _Cause:
    """The number of rows with one cause, and the reason of the first one."""

    reason: str
    first: int
    rows: int = 0
    alike: bool = True


class Reasons:
    """Counts mistakes by column and cause while refusals are iterated, with the first line of each."""

    def __init__(self) -> None:
        self._causes: dict[tuple[str, str], _Cause] = {}
        self._uncounted = 0

    def counted(self, refusals: Iterable[RefusedRow]) -> Iterator[RefusedRow]:
        """Yield the same refusals, and count them."""
        for refusal in refusals:
            for mistake in (refusal, *refusal.also):
                self._count(mistake.column, mistake.reason, refusal.line)
            yield refusal

    def _count(self, column: str, reason: str, line: int) -> None:
        key = (column, cause_of(reason))
        if key in self._causes or len(self._causes) < _KEPT:
            cause = self._causes.setdefault(key, _Cause(reason, line))
            cause.rows += 1
            cause.alike = cause.alike and cause.reason == reason
        else:
            self._uncounted += 1

    def table(self) -> Table:
        """A table of the most frequent causes with the rows of each, and how often there were others."""
        table = Table("列 column", "原因 reason", "行数 rows", "首见于行 first line")
        causes = sorted(self._causes.items(), key=lambda item: -item[1].rows)
        for (column, general), cause in causes[:REASONS]:
            reason = cause.reason if cause.alike else general
            table.add_row(printable(column), printable(reason), f"{cause.rows:,}", f"{cause.first:,}")
        if others := sum(cause.rows for _, cause in causes[REASONS:]) + self._uncounted:
            table.add_row("…", "其他原因，见错误文件 / other reasons, see the error file", f"{others:,}", "")
        return table


def free_name(path: Path) -> Path:
    """The path, or the next free one with a number: an existing error file may hold somebody's corrections."""
    free, n = path, 1
    while free.exists():
        n += 1
        free = path.with_name(f"{path.stem}.{n}{path.suffix}")
    return free
