"""A corrected error file can be imported; masked cells are taken from the same row of the source."""

import csv
import re
from pathlib import Path

import httpx
import openpyxl
import pytest

from deploy.importing.job import run
from deploy.importing.progress_log import ProgressLog
from deploy.importing.readers.tabular import ERROR_COLUMNS
from deploy.importing.redaction import HIDDEN, MARKED
from deploy.importing.translation import Translator
from services.intake.submission.domain import RecordedDemand
from shared import masking
from tests.importing.conftest import dry_run, quiet, read
from tests.importing.orders import BAD, COLUMNS, csv_file, hotline, order, rows, xlsx_file


def corrected(errors: Path, line: int = 2, **cells: str) -> Path:
    """Correct cells in a row of an error file."""
    workbook = openpyxl.load_workbook(errors)
    assert workbook.active is not None
    names = [cell.value for cell in workbook.active[1]]
    for name, text in cells.items():
        workbook.active.cell(line, names.index(name) + 1).value = text
    workbook.save(errors)
    return errors


async def test_a_csv_error_file_has_no_formula_and_keeps_texts_unchanged(tmp_path: Path):
    titles = ['=HYPERLINK("http://x")', "'=1+1", "+8613800138000号", "-", "@某", "'quoted'"]
    file = csv_file(tmp_path / "o.csv", [order(n, 工单状态="飞了", 诉求标题=title) for n, title in enumerate(titles)])
    errors = tmp_path / "e.csv"
    await dry_run(file, errors=errors)
    with errors.open(encoding="utf-8-sig", newline="") as lines:
        cells = [cell for row in csv.reader(lines) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    errors.write_text(errors.read_text("utf-8-sig").replace("飞了", "已回访"), "utf-8-sig")
    handed: list[RecordedDemand] = []
    keep = Translator.demand
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Translator, "demand", lambda self, row: handed.append(keep(self, row)) or handed[-1])
        await dry_run(errors)
    assert [demand.title for demand in handed] == titles


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
async def test_a_corrected_error_file_is_imported_with_the_same_mapping(ending: str, tmp_path: Path):
    errors = tmp_path / f"errors.{ending}"
    await dry_run(csv_file(tmp_path / "o.csv", BAD), errors=errors)
    text = "昨天", "2021/03/01 09:30:07"
    if ending == "csv":
        errors.write_text(errors.read_text("utf-8-sig").replace(*text), "utf-8-sig")
    else:
        workbook = openpyxl.load_workbook(errors)
        assert workbook.active is not None
        workbook.active.cell(2, len(ERROR_COLUMNS) + COLUMNS.index("来电时间") + 1).value = text[1]
        workbook.save(errors)
    demands, refused = read(errors)
    assert [demand.external_id for demand in demands] == ["FS2021-000002"]
    assert [(line, column) for line, column, _ in refused] == [(4, "工单状态")], "the line in the first file"


async def test_hidden_cells_are_taken_from_the_source_and_corrected_ones_stay(
    intake: httpx.AsyncClient, tmp_path: Path
):
    text = "请打13912345678，门口积水"
    file = csv_file(tmp_path / "o.csv", [order(n, 来电时间="昨天", 诉求内容=text) for n in (1, 2, 3)])
    errors = tmp_path / "errors.xlsx"
    await dry_run(file, errors=errors)
    workbook = openpyxl.load_workbook(errors)
    assert workbook.active is not None
    first = len(ERROR_COLUMNS) + 1
    for row in (4, 2, 3):
        workbook.active.cell(row, first + COLUMNS.index("来电时间")).value = "2021/03/01 09:30:07"
    workbook.active.cell(3, first + COLUMNS.index("联系电话")).value = "13700137000"
    everything = "".join(str(cell.value) for row in workbook.active.iter_rows() for cell in row)
    assert "139" not in everything
    assert "13800138000" not in everything
    assert "邹女士" not in everything
    workbook.save(errors)
    handed: list[RecordedDemand] = []
    keep = Translator.demand
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Translator, "demand", lambda self, row: handed.append(keep(self, row)) or handed[-1])
        outcome = await run(hotline(errors), intake, quiet)
    assert (outcome.tally.taken, outcome.refused) == (3, 0)
    assert [d.contact and d.contact.phone for d in handed] == ["13800138000", "13700137000", "13800138000"]
    assert {(d.contact and d.contact.name, d.text) for d in handed} == {("邹女士", text)}


async def test_a_hidden_cell_is_never_taken_from_another_file_of_the_same_name(
    intake: httpx.AsyncClient, tmp_path: Path
):
    first = csv_file(tmp_path / "A.csv", [order(1, 工单状态="飞了")])
    await dry_run(first)
    csv_file(first, [order(7, 来电人="张先生", 联系电话="13900139000")])
    corrected(Path("A.csv.errors.xlsx"), 工单状态="已回访")
    outcome = await run(hotline(Path("A.csv.errors.xlsx"), errors=Path("again.csv")), intake, quiet)
    assert (outcome.tally.taken, outcome.refused) == (0, 1)
    again = Path("again.csv").read_text("utf-8-sig")
    assert "A.csv has changed since this error file was made" in again
    (tmp_path / "folder").mkdir()
    first.rename(tmp_path / "folder" / "A.csv")
    csv_file(first, [order(1, 工单状态="飞了")])
    beside_another = Path("A.csv.errors.xlsx").rename("folder/A.csv.errors.xlsx")
    outcome = await run(hotline(beside_another), intake, quiet)
    assert outcome.tally.taken == 1, "the file of that time is back"


async def test_a_masked_cell_in_an_added_row_is_not_imported(tmp_path: Path):
    await dry_run(csv_file(tmp_path / "o.csv", [order(1, 工单状态="飞了")]))
    corrected(Path("o.csv.errors.xlsx"), 工单状态="已回访", **{"行 line": ""})
    assert (await dry_run(Path("o.csv.errors.xlsx"), errors=Path("again.csv"))).refused == 1
    assert "write it in full" in Path("again.csv").read_text("utf-8-sig")


async def test_an_error_file_without_its_source_says_what_is_missing(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1, 来电时间="昨天")])
    errors = tmp_path / "errors.csv"
    await dry_run(file, errors=errors)
    file.unlink()
    errors.write_text(errors.read_text("utf-8-sig").replace("昨天", "2021/03/01 09:30:07"), "utf-8-sig")
    outcome = await dry_run(errors, errors=tmp_path / "again.csv")
    assert outcome.refused == 1
    assert "o.csv" in (tmp_path / "again.csv").read_text("utf-8-sig").split("put ")[1]


async def test_an_error_file_of_several_sheets_may_be_sorted_differently(tmp_path: Path):
    file = xlsx_file(tmp_path / "O.xlsx", [order(1, 工单状态="飞了")])
    workbook = openpyxl.load_workbook(file)
    assert workbook.active is not None
    for name, lines in (("四月", 2), ("五月", 1)):
        sheet = workbook.create_sheet(name)
        sheet.append(list(COLUMNS))
        for n in range(lines):
            sheet.append([order(lines * 10 + n, 工单状态="飞了")[column] for column in COLUMNS])
    workbook.save(file)
    await dry_run(file)
    errors = Path("O.xlsx.errors.xlsx")
    first, *others = [[cell.value for cell in row] for row in openpyxl.load_workbook(errors).active.iter_rows()]
    sorted_otherwise = openpyxl.Workbook()
    for row in (first, *reversed(others)):
        sorted_otherwise.active.append([text and text.replace("飞了", "已回访") for text in row])
    sorted_otherwise.save(errors)
    outcome = await dry_run(errors)
    assert (outcome.good, outcome.refused) == (4, 0)


async def test_an_unmapped_column_is_masked_and_needs_no_correction(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1, 工单状态="飞了", 来电人="", 联系电话="")])
    head, line = file.read_text("utf-8").splitlines()
    file.write_text(f"{head},姓名,备注,备注\n{line},张志明,张志明来访,张志明之妻\n", "utf-8")
    kept: list[str] = []
    finish = ProgressLog.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressLog, "finish", lambda self: kept.append(self.path.read_text("utf-8")) or finish(self))
        await dry_run(file)
    assert "张志明" not in kept[0]
    errors = Path("o.csv.errors.xlsx")
    (row,) = rows(errors)
    assert (row["姓名"], row["备注"], row["诉求标题"]) == (HIDDEN, HIDDEN, "路灯不亮")
    corrected(errors, 工单状态="已回访")
    assert (await dry_run(errors)).refused == 0
    file.unlink()
    assert (await dry_run(errors)).refused == 0, "nothing that is hidden would be imported"


async def test_a_masked_number_without_its_source_is_refused_and_not_lost(tmp_path: Path):
    anonymous = order(1, 工单状态="飞了", 来电人="", 联系电话="", 诉求内容="请打13912345678，门口积水")
    file = csv_file(tmp_path / "o.csv", [anonymous])
    await dry_run(file)
    file.unlink()
    errors = corrected(Path("o.csv.errors.xlsx"), 工单状态="已回访")
    assert (await dry_run(errors, errors=Path("again.csv"))).refused == 1
    assert "put o.csv beside this file" in Path("again.csv").read_text("utf-8-sig")
    corrected(errors, 诉求内容="请打某号，门口［急］积水")
    assert (await dry_run(errors)).refused == 0, "what a person wrote is no mark of ours"


def test_every_mark_that_masking_leaves_is_known_to_the_import():
    sources = "".join(path.read_text("utf-8") for path in Path(masking.__file__).parent.glob("*.py"))
    assert all(map(MARKED.fullmatch, re.findall(r"［\w+］", sources)))


async def test_an_error_file_of_an_error_file_has_the_columns_once_and_the_first_place(tmp_path: Path):
    await dry_run(csv_file(tmp_path / "o.csv", BAD))
    await dry_run(Path("o.csv.errors.xlsx"))
    error_rows = rows(Path("o.csv.errors.xlsx.errors.xlsx"))
    assert [(row["文件 file"], row["行 line"]) for row in error_rows] == [("o.csv", "3"), ("o.csv", "4")]
    assert list(error_rows[0]) == [*ERROR_COLUMNS, *COLUMNS]


async def test_the_first_error_file_is_not_overwritten_by_later_ones(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", BAD)
    content = file.read_bytes()
    await dry_run(file)
    outcome = await dry_run(Path("o.csv.errors.xlsx"), errors=Path("o.csv"))
    assert (outcome.errors, file.read_bytes()) == (Path("o.2.csv"), content)


@pytest.mark.parametrize(
    ("whole", "broken"),
    [
        (',邹女士,', ',邹"女"士",'),
        (',邹女士,', ',多出,邹女士,'),
        ('2021/03/01 09:30:07,', ''),
    ],
    ids=["a broken quote", "a value too many", "a value too few"],
)  # fmt: skip
async def test_all_cells_of_a_shifted_row_are_masked_and_none_is_taken_from_the_source(
    whole: str, broken: str, tmp_path: Path
):
    file = csv_file(tmp_path / "o.csv", [order(1), order(2)])
    lines = file.read_text("utf-8").splitlines()
    lines[2] = '"' + lines[2].replace(whole, broken) if '"' in broken else lines[2].replace(whole, broken)
    file.write_text("\n".join(lines), "utf-8")
    await dry_run(file)
    (row,) = rows(Path("o.csv.errors.xlsx"))
    assert {row[name] or HIDDEN for name in COLUMNS} == {HIDDEN}
    assert (row["值 value"] or HIDDEN) == HIDDEN
    assert "mend this line in a copy of the file" in row["原因 reason"]
    demands = {name: text for name, text in order(2).items() if name != "来电人"}
    corrected(Path("o.csv.errors.xlsx"), **demands)
    assert (await dry_run(Path("o.csv.errors.xlsx"), errors=Path("again.csv"))).refused == 1
    corrected(Path("o.csv.errors.xlsx"), 来电人="邹女士")
    assert (await dry_run(Path("o.csv.errors.xlsx"))).refused == 0
