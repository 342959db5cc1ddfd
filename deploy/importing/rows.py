"""Reads a CSV file row by row; what cannot be read goes to an error file and the rest goes on."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from deploy.importing.mapping import BadRow, Mapping, Row
from services.intake.domain import RecordedDemand
from services.intake.masking import mask


class UnreadableFile(ValueError):
    """The file as a whole cannot be imported; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row that could be read, with its place in the file."""

    line: int
    demand: RecordedDemand
    raw: Row


@dataclass(slots=True)
class ErrorFile:
    """Made when there is something to put in: file, line, column, value, reason, then the row, personal data masked.

    The file is handed around; who corrects a row finds it by its line in the file that was imported.
    """

    path: Path
    source: str
    columns: list[str] = field(default_factory=list)
    count: int = 0
    _out: IO[str] | None = None
    _writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._out:
            self._out.close()

    def add(self, line: int, row: Row, bad: BadRow) -> None:
        """Report one row."""
        if self._out is None:
            self._out = self.path.open("w", encoding="utf-8-sig", newline="")
            self._writer = csv.writer(self._out)
            self._writer.writerow(["file", "line", "column", "value", "reason", *self.columns])
        told = [bad.value, bad.reason, *(row.get(name) or "" for name in self.columns)]
        self._writer.writerow([self.source, line, bad.column, *map(mask, told)])
        self.count += 1


def read_rows(path: Path, mapping: Mapping, errors: ErrorFile) -> Iterator[ReadRow]:
    """Every row that can be read; memory does not grow with the file. Raises `UnreadableFile`."""
    with path.open(encoding=mapping.encoding, errors="surrogateescape", newline="") as lines:
        reader = csv.DictReader((line.replace("\0", "\ufffe") for line in lines), strict=True)
        columns = [name for name in reader.fieldnames or () if name]
        missing = sorted(mapping.columns - set(columns))
        if missing:
            raise UnreadableFile(f"{path}: the columns {', '.join(missing)} are missing; is it the right mapping?")
        errors.columns = columns
        line = 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                errors.add(reader.line_num, {}, BadRow("", "", f"CSV 格式错误 / not CSV: {fault}"))
                continue
            line = reader.line_num
            try:
                _check(row, columns)
                yield ReadRow(line, mapping.demand(row), row)
            except BadRow as bad:
                errors.add(line, _printable(row), bad)


def _check(row: dict[Any, Any], columns: list[str]) -> None:
    if row.get(None):
        raise BadRow("", str(row[None])[:80], f"列数过多 / more values than the {len(columns)} columns")
    for name in columns:
        value = row[name]
        if value is None:
            raise BadRow(name, "", f"列数不足 / fewer values than the {len(columns)} columns")
        if "\ufffe" in value:
            raise BadRow(name, value.replace("\ufffe", "␀"), "含有空字符 / contains a NUL character")
        if any("\udc80" <= character <= "\udcff" for character in value):
            shown = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            raise BadRow(name, shown, "不是有效的 UTF-8 / is not valid UTF-8")


def _printable(row: Row) -> Row:
    return {
        name: value.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\ufffe", "␀")
        for name, value in row.items()
        if name and value
    }
