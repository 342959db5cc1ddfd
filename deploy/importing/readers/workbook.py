"""Reads XLS, XLSX and ODS: all visible sheets that have the columns. The whole workbook is held in memory.

Its unpacked size is limited, because repetitive text compresses to almost nothing.
"""

import zlib
from collections.abc import Iterator, Set
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetMetadata,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from deploy.importing.readers.cells import doubt, text_of
from deploy.importing.readers.extent import too_far
from deploy.importing.readers.merged import BESIDE, has_hidden_merges, unmerged
from deploy.importing.readers.tabular import Header, MissingColumns, TableRow, tabulated
from deploy.importing.rows import SourceRow, Table, UnreadableFile

MIB: Final = 1024 * 1024
LARGEST: Final = 1024 * MIB
"""The most bytes of an unpacked workbook; reading takes 1.9 times as much memory (measured: 306 MiB, 400,000 rows)."""


@contextmanager
def opened(path: Path, columns: Set[str]) -> Iterator[Table]:
    """Open the table of all sheets, one after the other."""
    _fits(path)
    with path.open("rb") as content:
        try:
            workbook = CalamineWorkbook.from_filelike(content)
        except PasswordError:
            raise UnreadableFile(f"{path}: 文件有密码，请先去除 / it has a password; remove it first") from None
        except CalamineError as fault:
            raise _unsound(str(path), fault) from None
    with workbook:
        yield _table(path, workbook, columns)


def _unsound(where: str, fault: CalamineError) -> UnreadableFile:
    zh, en = "不是完好的 Excel 文件，请用 Excel 打开后另存", "not a sound workbook; open it in Excel and save it anew"
    return UnreadableFile(f"{where}: {zh} / {en}: {fault}")


def _fits(path: Path) -> None:
    try:
        with ZipFile(path) as packed:
            size = sum(part.file_size for part in packed.infolist())
            corner = too_far(packed) if size <= LARGEST else None
            merged = size <= LARGEST and has_hidden_merges(packed)
    except (BadZipFile, RuntimeError, EOFError, zlib.error):
        return  # XLS, which has at most 65,536 rows; or not a workbook, which its reader will report
    if size > LARGEST:
        zh = f"解压后有 {size // MIB} MiB，上限 {LARGEST // MIB} MiB；请另存为 CSV UTF-8（逐行读取，大小不限）后导入"
        en = f"{size // MIB} MiB unpacked, {LARGEST // MIB} MiB are read: save it as CSV UTF-8, which may have any size"
        raise UnreadableFile(f"{path}: {zh} / {en}")
    if corner:
        zh = f"表格延伸到 {corner}，请删除表格之外的单元格，或另存为 CSV UTF-8"
        raise UnreadableFile(f"{path}: {zh} / a sheet reaches to {corner}: delete stray cells, or save it as CSV UTF-8")
    if merged:
        zh, en = (
            "有上下合并的单元格，请拆分，或另存为 .xlsx",
            "cells are merged downwards: split them, or save it as .xlsx",
        )
        raise UnreadableFile(f"{path}: {zh} / {en}")


def _table(path: Path, workbook: CalamineWorkbook, columns: Set[str]) -> Table:
    missing: list[MissingColumns] = []
    headers: dict[str, Header] = {}
    rows: list[Iterator[SourceRow]] = []
    expected = 0
    for name in (sheet.name for sheet in workbook.sheets_metadata if _is_read(sheet)):
        try:
            sheet = workbook.get_sheet_by_name(name)
            headers[name], coming = tabulated(path.name, name, _records(sheet), columns)
        except MissingColumns as fault:
            if fault.mostly:
                raise  # a column is probably misspelt; skipping the sheet would lose all its rows
            missing.append(fault)
            continue
        except CalamineError as fault:
            raise _unsound(f"{path.name} {name}", fault) from None
        rows.append(coming)
        expected += sheet.total_height
    if not headers:
        raise missing[0] if missing else UnreadableFile(f"{path}: 没有可读的工作表 / no sheet can be read")
    names = tuple(dict.fromkeys(name for header in headers.values() for name in header.names))
    passed = f"，{len(missing)} 个无所需列 without the columns" if missing else ""
    description = f"Excel, 工作表 sheets: {'、'.join(headers)}{passed}"
    return Table(names, chain.from_iterable(rows), description, expected)


def _is_read(sheet: SheetMetadata) -> bool:
    return sheet.typ is SheetTypeEnum.WorkSheet and sheet.visible is SheetVisibleEnum.Visible


def _records(sheet: CalamineSheet) -> Iterator[TableRow]:
    first = sheet.start[1] if sheet.start else 0
    for line, (row, merged) in enumerate(unmerged(sheet.iter_rows(), sheet.merged_cell_ranges or (), first), 1):
        doubtful = {n: reason for n, cell in enumerate(row) if not isinstance(cell, str) and (reason := doubt(cell))}
        doubtful |= dict.fromkeys(merged, BESIDE)
        yield TableRow(line, [text_of(cell) for cell in row], None, doubtful)
