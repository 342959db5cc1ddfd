"""A row of another system's file, the same shape whatever the format."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
MEND: Final = "mend this line in a copy of the file and import the copy"


class BadRow(ValueError):
    """A row that cannot be taken: the column, the value found there, and why, in Chinese and English."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column, self.value, self.reason = column, value, reason


class BrokenRow(BadRow):
    """A row whose cells may stand under wrong names: nothing of it can be shown; it is mended in a copy of its file."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        zh, en = reason.split(" / ", 1)
        super().__init__(column, value, f"{zh}；请在原文件的副本中改正此行后导入副本 / {en}; {MEND}")


class UnreadableFile(ValueError):
    """The file as a whole cannot be imported; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person finds the row: `line` is counted as an editor or Excel counts it.

    `origin` is what an error file tells of the file that the row came from; None in any other file.
    """

    file: str
    sheet: str
    line: int
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Every cell as text; `bad` refuses the row, `doubtful` (by column) only where that column is used."""

    place: Place
    cells: Mapping[str, str]
    bad: BadRow | None = None
    doubtful: Mapping[str, str] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Table:
    """A file that could be opened: its columns, its rows, what it was found to be, about how many rows it has."""

    columns: tuple[str, ...]
    rows: Iterator[SourceRow]
    found: str
    expected: int
