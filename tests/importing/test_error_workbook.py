"""Refused rows come back as a workbook that can be corrected."""

import csv
import stat
from pathlib import Path

import openpyxl
import pytest

from deploy.importing.readers.tabular import ERROR_COLUMNS
from deploy.importing.redaction import HIDDEN
from deploy.importing.rows import UnreadableFile
from tests.importing.conftest import dry_run
from tests.importing.orders import BAD, COLUMNS, csv_file, order, rows, xlsx_file


async def test_a_refused_row_is_in_the_workbook_with_place_and_reason(tmp_path: Path):
    outcome = await dry_run(xlsx_file(tmp_path / "三月.xlsx", BAD, title="三月"))
    assert (outcome.good, outcome.refused, outcome.errors) == (2, 2, Path("三月.xlsx.errors.xlsx"))
    first, second = rows(Path("三月.xlsx.errors.xlsx"))
    assert list(first) == [*ERROR_COLUMNS, *COLUMNS]
    assert [first[name] for name in ERROR_COLUMNS] == [
        "三月.xlsx", "4", "来电时间", "昨天", first["原因 reason"], "工单", first["原文件指纹 source"],
    ]  # fmt: skip
    assert "时间格式应为" in first["原因 reason"]
    assert "a time must look like" in first["原因 reason"]
    assert (second["行 line"], second["联系电话"]) == ("5", HIDDEN)


async def test_a_text_that_looks_like_a_formula_stays_text(tmp_path: Path):
    await dry_run(csv_file(tmp_path / "o.csv", [order(1, 工单状态="飞了", 诉求标题='=HYPERLINK("http://x")')]))
    (row,) = rows(Path("o.csv.errors.xlsx"))
    assert row["诉求标题"] == '=HYPERLINK("http://x")'
    sheet = openpyxl.load_workbook("o.csv.errors.xlsx").active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


async def test_a_wrong_cell_is_highlighted_and_no_other(tmp_path: Path):
    await dry_run(csv_file(tmp_path / "o.csv", BAD))
    sheet = openpyxl.load_workbook("o.csv.errors.xlsx").active
    assert sheet is not None
    names = [cell.value for cell in sheet[1]]
    highlighted = [
        (cell.row, names[cell.column - 1]) for row in sheet.iter_rows(min_row=2) for cell in row if cell.fill.fill_type
    ]
    assert highlighted == [(2, "来电时间"), (3, "工单状态")]


async def test_every_mistake_of_a_row_is_in_its_reason_highlighted_and_counted(tmp_path: Path):
    identity = "44060519900307007X"
    wrong = order(1, 来电时间="昨天", 工单状态="飞了", 问题分类=identity)
    outcome = await dry_run(csv_file(tmp_path / "o.csv", [wrong, order(2, 工单状态="飞了")]))
    sheet = openpyxl.load_workbook("o.csv.errors.xlsx").active
    assert sheet is not None
    names = [cell.value for cell in sheet[1]]
    assert {names[cell.column - 1] for cell in sheet[2] if cell.fill.fill_type} == {"来电时间", "工单状态", "问题分类"}
    first, _ = rows(Path("o.csv.errors.xlsx"))
    reasons = str(first["原因 reason"]).splitlines()
    assert len(reasons) == 3
    assert any(line.startswith("工单状态：未知状态") for line in reasons)
    assert identity not in str(first)
    table = outcome.reasons.table()
    counted = dict(zip(table.columns[0].cells, table.columns[2].cells, strict=True))
    assert (outcome.refused, counted["工单状态"], counted["来电时间"]) == (2, "2", "1")


async def test_an_empty_wrong_cell_is_highlighted_too(tmp_path: Path):
    await dry_run(csv_file(tmp_path / "o.csv", [order(1, 诉求标题="")]))
    sheet = openpyxl.load_workbook("o.csv.errors.xlsx").active
    assert sheet is not None
    assert sheet.cell(2, len(ERROR_COLUMNS) + COLUMNS.index("诉求标题") + 1).fill.fill_type == "solid"


async def test_an_error_file_is_readable_only_by_its_owner_and_its_reasons_are_masked(tmp_path: Path):
    identity = "44060519900307007X"
    number = order(1, 所属村社区="13812345678", 问题分类=identity)
    for ending in ("xlsx", "csv"):
        path = tmp_path / f"e.{ending}"
        path.write_text("left from yesterday")
        path.chmod(0o644)
        await dry_run(csv_file(tmp_path / "o.csv", [number, order(2, 所属村社区="13812345678")]), errors=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8-sig", newline="") as lines:
        error_rows = list(csv.DictReader(lines))
    assert len(error_rows) == 2
    assert all("13812345678" not in row["原因 reason"] and identity not in row["原因 reason"] for row in error_rows)


async def test_a_corrected_error_file_is_not_overwritten(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", BAD)
    first, second = await dry_run(file), await dry_run(file)
    assert (first.errors, second.errors) == (Path("o.csv.errors.xlsx"), Path("o.csv.errors.2.xlsx"))


async def test_a_file_without_bad_rows_leaves_nothing_behind(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1)])
    assert (await dry_run(file)).errors is None
    assert [path.name for path in tmp_path.iterdir()] == ["o.csv"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("o.csv", "is the file to import"),
        ("./linked.csv", "is the file to import"),
        ("absent/e.csv", "make the folder absent first"),
        ("folder.csv", "cannot be written"),
        ("e.xls", "must end in .xlsx or .csv"),
    ],
)
async def test_an_impossible_error_file_is_refused_before_the_import(chosen: str, message: str, tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", BAD)
    (tmp_path / "linked.csv").hardlink_to(file)
    (tmp_path / "folder.csv").mkdir()
    content = file.read_bytes()
    with pytest.raises(UnreadableFile, match=message):
        await dry_run(file, errors=Path(chosen))
    assert file.read_bytes() == content
    assert not list(tmp_path.glob("*-log"))
