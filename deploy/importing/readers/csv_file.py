"""Reads CSV as a stream; after a wrong quote, only its own line is lost, not the rest of the file."""

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Final

from deploy.importing.folding import recognised
from deploy.importing.readers.encoding import encoding_of
from deploy.importing.readers.tabular import SEARCHED, TableRow, tabulated
from deploy.importing.rows import BrokenRow, Table

_KINDS: Final = {
    ",": "CSV",
    "\t": "CSV（以制表符分隔 with tabs）",
    ";": "CSV（以分号分隔 with semicolons）",
    "|": "CSV（以竖线分隔 with bars）",
}
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r]")
_TOO_LONG: Final = (
    f"有一格超过 {csv.field_size_limit():,} 个字，或引号未闭合"
    f" / a cell has more than {csv.field_size_limit():,} characters, or a quote is not closed"
)


@contextmanager
def opened(path: Path, encoding: str, columns: Set[str]) -> Iterator[Table]:
    """Open the table; memory does not grow with the size of the file."""
    detected = encoding_of(path, encoding, columns)
    with path.open(encoding=detected.codec, errors="surrogateescape", newline="") as lines:
        separator = separator_of(lines, columns)
        lines.seek(0)
        header, rows = tabulated(path.name, "", records(lines, separator), columns)
        if header.is_corrected:
            rows = (replace(row, cells={name: _as_written(text) for name, text in row.cells.items()}) for row in rows)
        yield Table(header.names, rows, f"{_KINDS[separator]}, {detected.words}", detected.lines)


def as_text(cell: str) -> str:
    """The cell for a CSV file, with an apostrophe in front if a spreadsheet program would treat it as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_written(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


class _Lines:
    """An iterator of lines that can be given back, to continue after the first line of a broken record."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines, self._again = iter(lines), deque[str]()
        self.record: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.record.append(line)
        return line

    def give_back_all_but_the_first(self) -> str:
        first, *others = self.record
        self._again.extendleft(reversed(others))
        return first


def separator_of(lines: Iterable[str], columns: Set[str]) -> str:
    """The separator with which most columns of the mapping are found in the first lines."""
    head = list(islice(lines, SEARCHED * 4))

    def known(separator: str) -> int:
        first = islice(records(head, separator), SEARCHED)
        return max((len(columns & set(recognised(record.cells, columns))) for record in first), default=0)

    return max(_KINDS, key=known)


def records(lines: Iterable[str], separator: str = ",") -> Iterator[TableRow]:
    """All records, each with the number of its first line."""
    source = _Lines(lines)
    reader, line = csv.reader(source, strict=True, delimiter=separator), 1
    while True:
        source.record.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            broken = source.give_back_all_but_the_first()
            yield _broken(line, broken, fault, separator)
            reader, line = csv.reader(source, strict=True, delimiter=separator), line + 1
            continue
        yield TableRow(line, cells)
        line += len(source.record)


def _broken(line: int, text: str, fault: csv.Error, separator: str) -> TableRow:
    """A broken record with its cells split as well as possible, so that a person can correct it."""
    cells = text.rstrip("\r\n").replace('"', "").split(separator)
    reason = _TOO_LONG if "field limit" in str(fault) else f"引号有误，不是有效的 CSV / not CSV: {fault}"
    return TableRow(line, cells, BrokenRow("", text.strip()[:200], reason))
