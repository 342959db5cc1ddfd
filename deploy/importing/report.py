"""What an import says at its end: how many rows, and the reasons of those that were refused."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

from deploy.importing.progress_log import Refusal

REASONS: Final = 10
_KEPT: Final = 1000


_PARTICULAR: Final = re.compile(
    r"，是否为 / perhaps .*|“[^”]*”|'[^']*'|\"[^\"]*\"|[A-Za-z0-9_.:+-]*[0-9][A-Za-z0-9_.:+-]*"
)
"""What differs from row to row within the same cause: quoted values, numbers and times, suggestions."""


def cause_of(reason: str) -> str:
    """The reason without the particulars of its row."""
    return _PARTICULAR.sub("…", reason)


@dataclass(slots=True)
class _Cause:
    """The rows of one cause, shown by the reason of the first."""

    reason: str
    first: int
    rows: int = 0
    alike: bool = True


class Reasons:
    """Counts refusals by column and cause as they pass by; the first line of each is kept."""

    def __init__(self) -> None:
        self._causes: dict[tuple[str, str], _Cause] = {}
        self._uncounted = 0

    def counted(self, refusals: Iterable[Refusal]) -> Iterator[Refusal]:
        """The same refusals."""
        for refusal in refusals:
            key = (refusal.column, cause_of(refusal.reason))
            if key in self._causes or len(self._causes) < _KEPT:
                cause = self._causes.setdefault(key, _Cause(refusal.reason, refusal.line))
                cause.rows += 1
                cause.alike = cause.alike and cause.reason == refusal.reason
            else:
                self._uncounted += 1
            yield refusal

    def table(self) -> Table:
        """The most frequent ones, and how many rows have others."""
        shown = Table("列 column", "原因 reason", "行数 rows", "首见于行 first line")
        listed = sorted(self._causes.items(), key=lambda item: -item[1].rows)
        for (column, general), cause in listed[:REASONS]:
            reason = cause.reason if cause.alike else general
            shown.add_row(column, reason, f"{cause.rows:,}", f"{cause.first:,}")
        if others := sum(cause.rows for _, cause in listed[REASONS:]) + self._uncounted:
            shown.add_row("…", "其他原因，见错误文件 / other reasons, see the error file", f"{others:,}", "")
        return shown


def free_name(path: Path) -> Path:
    """The path, or the next that is free: an error file may hold corrections that somebody has made."""
    free, n = path, 1
    while free.exists():
        n += 1
        free = path.with_name(f"{path.stem}.{n}{path.suffix}")
    return free
