"""Writes refused rows as a workbook (or CSV) that can be corrected and imported again."""

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import xlsxwriter

from deploy.importing.files import private
from deploy.importing.progress_log import RefusedRow
from deploy.importing.readers.csv_file import as_text
from deploy.importing.readers.tabular import ERROR_COLUMNS
from deploy.importing.rows import UnreadableFile

ROWS_A_SHEET: Final = 1_000_000
ENDINGS: Final = (".xlsx", ".csv")
LONGEST: Final = 32_767
_ADDED: Final = len(ERROR_COLUMNS)
WIDTHS: Final = (18, 8, 16, 24, 48, 12, 14)


def usable(path: Path, source: Path) -> None:
    """Raise `UnreadableFile` if the error file cannot be written, or would overwrite the file to import."""
    option = f"--errors {path}"
    if path.suffix.lower() not in ENDINGS:
        raise UnreadableFile(f"{option}: 请用 .xlsx 或 .csv / must end in .xlsx or .csv")
    if path.exists() and source.exists() and path.samefile(source):
        raise UnreadableFile(f"{option}: 这是要导入的文件，请另取文件名 / is the file to import; choose another name")
    if not path.parent.is_dir():
        raise UnreadableFile(f"{option}: 没有文件夹 {path.parent}，请先建立 / make the folder {path.parent} first")
    if not os.access(path if path.exists() else path.parent, os.W_OK) or path.is_dir():
        raise UnreadableFile(f"{option}: 不能写入，请另选文件 / cannot be written; choose another file")


def write(path: Path, columns: Sequence[str], refusals: Iterable[RefusedRow]) -> None:
    """Write a workbook or CSV, by the ending of the name. Only its owner can read it, because it holds the rows."""
    if path.suffix.lower() == ".csv":
        _csv(path, columns, refusals)
    else:
        _workbook(path, columns, refusals)


def _cells(refusal: RefusedRow, columns: Sequence[str]) -> list[str]:
    reasons = "\n".join([refusal.reason, *(f"{more.column}：{more.reason}" for more in refusal.also)])
    place = (refusal.file, str(refusal.line), refusal.column, refusal.value, reasons, refusal.sheet)
    return [*place, refusal.origin, *(refusal.cells.get(name, "") for name in columns)]


def _csv(path: Path, columns: Sequence[str], refusals: Iterable[RefusedRow]) -> None:
    with private(path, "wb") as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        writer = csv.writer(text)
        writer.writerow([*ERROR_COLUMNS, *columns])
        writer.writerows(map(as_text, _cells(refusal, columns)) for refusal in refusals)


def _workbook(path: Path, columns: Sequence[str], refusals: Iterable[RefusedRow]) -> None:
    remaining = iter(refusals)
    with private(path, "wb") as file, xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        while part := _next_sheet(remaining):
            _sheet(book, columns, part)


def _next_sheet(remaining: Iterator[RefusedRow]) -> Iterator[RefusedRow] | None:
    """The rows of the next sheet; None if there are no more."""
    first = next(remaining, None)
    if first is None:
        return None

    def rows(first: RefusedRow) -> Iterator[RefusedRow]:
        yield first
        yield from islice(remaining, ROWS_A_SHEET - 1)

    return rows(first)


def _sheet(book: xlsxwriter.Workbook, columns: Sequence[str], refusals: Iterator[RefusedRow]) -> None:
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True, "bg_color": "#E7E6E6"})
    text = book.add_format({"num_format": "@"})
    error_format = book.add_format({"num_format": "@", "bg_color": "#FFC7CE", "font_color": "#9C0006"})
    sheet.freeze_panes(1, 0)
    for n, width in enumerate(WIDTHS):
        sheet.set_column(n, n, width)
    sheet.set_column(_ADDED, _ADDED + len(columns), 16, text)
    sheet.write_row(0, 0, [*ERROR_COLUMNS, *columns], bold)
    places = {name: _ADDED + n for n, name in enumerate(columns)}
    for row, refusal in enumerate(refusals, 1):
        marked = {places.get(mistake.column) for mistake in (refusal, *refusal.also)}
        for n, cell in enumerate(_cells(refusal, columns)):
            if n in marked:
                sheet.write_string(row, n, cell[:LONGEST], error_format)
            elif cell:
                sheet.write_string(row, n, cell[:LONGEST], text)
