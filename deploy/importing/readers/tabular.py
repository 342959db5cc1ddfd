"""Finds the header row in a table of cells, and makes rows from the records below it."""

from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import chain, islice
from typing import Final, NamedTuple

from deploy.importing.folding import recognised
from deploy.importing.rows import NOTHING, BadRow, BrokenRow, RowPosition, SourceRow, UnreadableFile

SEARCHED: Final = 10
ERROR_COLUMNS: Final = (
    "文件 file",
    "行 line",
    "列 column",
    "值 value",
    "原因 reason",
    "工作表 sheet",
    "原文件指纹 source",
)


class MissingColumns(UnreadableFile):
    """None of the first rows has all columns of the mapping; `mostly`: one of them has most."""

    def __init__(self, message: str, mostly: bool) -> None:
        super().__init__(message)
        self.mostly = mostly


class TableRow(NamedTuple):
    """The cells of one row; `doubtful` holds reasons by the position of the cell."""

    line: int
    cells: list[str]
    bad: BadRow | None = None
    doubtful: Mapping[int, str] | None = None


class Header(NamedTuple):
    """The source's own column names, and all named columns by position."""

    names: tuple[str, ...]
    positions: Mapping[int, str]
    width: int

    @property
    def is_corrected(self) -> bool:
        """Whether the file is a corrected error file."""
        return ERROR_COLUMNS[1] in self.positions.values()


def tabulated(
    file: str, sheet: str, records: Iterable[TableRow], columns: Set[str]
) -> tuple[Header, Iterator[SourceRow]]:
    """Find the header, and the rows below it; lines above the header are skipped. Raises `UnreadableFile`."""
    coming = iter(records)
    first = list(islice(coming, SEARCHED))
    best = max(range(len(first)), key=lambda n: len(columns & set(recognised(first[n].cells, columns))), default=0)
    names = recognised(first[best].cells, columns) if first else []
    missing = sorted(columns - set(names))
    if missing:
        column_list = "、".join(missing)
        sentence = f"{file} {sheet}: 缺少列 {column_list} / these columns are missing; is it the right mapping?"
        raise MissingColumns(sentence, mostly=len(missing) * 2 < len(columns))
    twice = sorted(name for name in columns if names.count(name) > 1)
    if twice:
        raise UnreadableFile(f"{file} {sheet}: 列名重复 {'、'.join(twice)} / these columns occur twice; rename one")
    while names and not names[-1]:
        names.pop()
    own_columns = tuple(name for name in names if name and name not in ERROR_COLUMNS)
    header = Header(own_columns, {n: x for n, x in enumerate(names) if x}, len(names))
    return header, _rows(file, sheet, chain(first[best + 1 :], coming), header)


def _rows(file: str, sheet: str, records: Iterable[TableRow], header: Header) -> Iterator[SourceRow]:
    plain = header.names if len(header.names) == header.width else None
    corrected = header.is_corrected
    for line, cells, bad, doubtful in records:
        if not bad and not any(cells):
            continue
        if plain:
            values = dict(zip(plain, cells, strict=False))
        else:
            values = {name: cells[n] for n, name in header.positions.items() if n < len(cells)}
        if len(cells) != header.width and not bad:
            bad = _ragged(cells, header)
        place = _origin(values, file, line) if corrected else RowPosition(file, sheet, line)
        yield SourceRow(place, values, bad, _named(doubtful, header))


def _ragged(cells: list[str], header: Header) -> BadRow | None:
    if len(cells) < header.width:
        first = header.positions.get(len(cells), header.names[-1])
        return BrokenRow(first, "", f"列数不足 / fewer values than the {header.width} columns")
    surplus = [cell for cell in cells[header.width :] if cell]
    if not surplus:
        return None
    return BrokenRow("", "，".join(surplus)[:200], f"列数过多 / more values than the {header.width} columns")


def _named(doubtful: Mapping[int, str] | None, header: Header) -> Mapping[str, str]:
    if not doubtful:
        return NOTHING
    return {header.positions[n]: reason for n, reason in doubtful.items() if n in header.positions}


def _origin(values: dict[str, str], file: str, line: int) -> RowPosition:
    """The place of a row in a corrected error file: that in the source file, or its own if somebody added the row."""
    first, line_text, *_, sheet, origin = [values.pop(name, "") for name in ERROR_COLUMNS]
    return RowPosition(first, sheet, int(line_text), origin) if line_text.isdecimal() else RowPosition(file, "", line)
