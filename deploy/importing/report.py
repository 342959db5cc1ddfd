"""What an import says at its end: how many rows, and the reasons of those that were refused."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from rich.table import Table

from deploy.importing.logbook import Refusal

REASONS: Final = 10
_KEPT: Final = 1000


class Reasons:
    """Counts refusals by column and reason as they pass by; the first line of each is kept."""

    def __init__(self) -> None:
        self._counts = Counter[tuple[str, str]]()
        self._first: dict[tuple[str, str], int] = {}

    def counted(self, refusals: Iterable[Refusal]) -> Iterator[Refusal]:
        """The same refusals."""
        for refusal in refusals:
            key = (refusal.column, refusal.reason)
            if key in self._counts or len(self._counts) < _KEPT:
                self._counts[key] += 1
                self._first.setdefault(key, refusal.line)
            yield refusal

    def table(self) -> Table:
        """The most frequent ones."""
        shown = Table("列 column", "原因 reason", "行数 rows", "首见于行 first line")
        for (column, reason), count in self._counts.most_common(REASONS):
            shown.add_row(column, reason, f"{count:,}", f"{self._first[column, reason]:,}")
        return shown


def free_name(path: Path) -> Path:
    """The path, or the next that is free: an error file may hold corrections that somebody has made."""
    found, n = path, 1
    while found.exists():
        n += 1
        found = path.with_name(f"{path.stem}.{n}{path.suffix}")
    return found
