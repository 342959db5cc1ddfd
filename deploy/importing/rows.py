"""A row and a table of another system's file, in the same form for all formats."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
MEND: Final = "mend this line in a copy of the file and import the copy"


class BadRow(ValueError):
    """A row that cannot be imported: the column, its value, and the reason in Chinese and English.

    `also` are further mistakes in the same row, so that a person can correct all at once."""

    def __init__(self, column: str, value: str, reason: str, also: "Sequence[BadRow]" = ()) -> None:
        super().__init__(f"{column}: {reason}")
        self.column, self.value, self.reason, self.also = column, value, reason, tuple(also)


class BrokenRow(BadRow):
    """A row whose cells may be in the wrong columns. None of its cells may be shown, because any may hold personal
    data; people correct it in a copy of the file."""

    def __init__(self, column: str, value: str, reason: str) -> None:
        zh, en = reason.split(" / ", 1)
        super().__init__(column, value, f"{zh}；请在原文件的副本中改正此行后导入副本 / {en}; {MEND}")


class UnreadableFile(ValueError):
    """The file as a whole cannot be imported; the message says what to do."""


@dataclass(frozen=True, slots=True)
class RowPosition:
    """The place of a row for people; `line` is counted like in an editor or Excel.

    `origin` is the short fingerprint of the source file, in rows of an error file; else None.
    """

    file: str
    sheet: str
    line: int
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row with its cells as text. With `bad`, the row is refused; a column in `doubtful` refuses it only if the
    mapping reads this column."""

    place: RowPosition
    cells: Mapping[str, str]
    bad: BadRow | None = None
    doubtful: Mapping[str, str] = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file: its columns, its rows, a description of its format, and the approximate number of rows."""

    columns: tuple[str, ...]
    rows: Iterator[SourceRow]
    found: str
    expected: int
