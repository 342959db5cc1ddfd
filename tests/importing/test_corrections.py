"""A corrected error file comes back, and what was hidden in it comes from the very row that it was hidden in."""

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
from tests.importing.conftest import quiet, read, tried
from tests.importing.orders import BAD, COLUMNS, csv_file, hotline, order, rows, xlsx_file


def corrected(errors: Path, line: int = 2, **cells: str) -> Path:
    """What a person does in a row of an error file."""
    book = openpyxl.load_workbook(errors)
    assert book.active is not None
    names = [cell.value for cell in book.active[1]]
    for name, text in cells.items():
        book.active.cell(line, names.index(name) + 1).value = text
    book.save(errors)
    return errors


async def test_a_csv_of_errors_holds_no_formula_and_gives_texts_back_as_they_were(tmp_path: Path):
    titles = ['=HYPERLINK("http://x")', "'=1+1", "+8613800138000号", "-", "@某", "'quoted'"]
    file = csv_file(tmp_path / "o.csv", [order(n, 工单状态="飞了", 诉求标题=title) for n, title in enumerate(titles)])
    errors = tmp_path / "e.csv"
    await tried(file, errors=errors)
    with errors.open(encoding="utf-8-sig", newline="") as lines:
        cells = [cell for row in csv.reader(lines) for cell in row]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    errors.write_text(errors.read_text("utf-8-sig").replace("飞了", "已回访"), "utf-8-sig")
    handed: list[RecordedDemand] = []
    keep = Translator.demand
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Translator, "demand", lambda self, row: handed.append(keep(self, row)) or handed[-1])
        await tried(errors)
    assert [demand.title for demand in handed] == titles


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
async def test_a_corrected_error_file_is_imported_with_the_same_mapping(ending: str, tmp_path: Path):
    errors = tmp_path / f"errors.{ending}"
    await tried(csv_file(tmp_path / "o.csv", BAD), errors=errors)
    text = "昨天", "2021/03/01 09:30:07"
    if ending == "csv":
        errors.write_text(errors.read_text("utf-8-sig").replace(*text), "utf-8-sig")
    else:
        book = openpyxl.load_workbook(errors)
        assert book.active is not None
        book.active.cell(2, len(ERROR_COLUMNS) + COLUMNS.index("来电时间") + 1).value = text[1]
        book.save(errors)
    good, bad = read(errors)
    assert [demand.external_id for demand in good] == ["FS2021-000002"]
    assert [(line, column) for line, column, _ in bad] == [(4, "工单状态")], "the line in the first file"


async def test_hidden_cells_are_taken_from_the_source_and_corrected_ones_stay(
    intake: httpx.AsyncClient, tmp_path: Path
):
    said = "请打13912345678，门口积水"
    file = csv_file(tmp_path / "o.csv", [order(n, 来电时间="昨天", 诉求内容=said) for n in (1, 2, 3)])
    errors = tmp_path / "errors.xlsx"
    await tried(file, errors=errors)
    book = openpyxl.load_workbook(errors)
    assert book.active is not None
    first = len(ERROR_COLUMNS) + 1
    for row in (4, 2, 3):
        book.active.cell(row, first + COLUMNS.index("来电时间")).value = "2021/03/01 09:30:07"
    book.active.cell(3, first + COLUMNS.index("联系电话")).value = "13700137000"
    everything = "".join(str(cell.value) for row in book.active.iter_rows() for cell in row)
    assert "139" not in everything
    assert "13800138000" not in everything
    assert "邹女士" not in everything
    book.save(errors)
    handed: list[RecordedDemand] = []
    keep = Translator.demand
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Translator, "demand", lambda self, row: handed.append(keep(self, row)) or handed[-1])
        outcome = await run(hotline(errors), intake, quiet)
    assert (outcome.tally.taken, outcome.refused) == (3, 0)
    assert [d.contact and d.contact.phone for d in handed] == ["13800138000", "13700137000", "13800138000"]
    assert {(d.contact and d.contact.name, d.text) for d in handed} == {("邹女士", said)}


async def test_a_hidden_cell_is_never_taken_from_another_file_of_the_same_name(
    intake: httpx.AsyncClient, tmp_path: Path
):
    first = csv_file(tmp_path / "A.csv", [order(1, 工单状态="飞了")])
    await tried(first)
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


async def test_a_hidden_cell_in_a_row_that_somebody_added_is_not_imported(tmp_path: Path):
    await tried(csv_file(tmp_path / "o.csv", [order(1, 工单状态="飞了")]))
    corrected(Path("o.csv.errors.xlsx"), 工单状态="已回访", **{"行 line": ""})
    assert (await tried(Path("o.csv.errors.xlsx"), errors=Path("again.csv"))).refused == 1
    assert "write it in full" in Path("again.csv").read_text("utf-8-sig")


async def test_an_error_file_without_its_source_says_what_is_missing(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1, 来电时间="昨天")])
    errors = tmp_path / "errors.csv"
    await tried(file, errors=errors)
    file.unlink()
    errors.write_text(errors.read_text("utf-8-sig").replace("昨天", "2021/03/01 09:30:07"), "utf-8-sig")
    outcome = await tried(errors, errors=tmp_path / "again.csv")
    assert outcome.refused == 1
    assert "o.csv" in (tmp_path / "again.csv").read_text("utf-8-sig").split("put ")[1]


async def test_an_error_file_of_several_sheets_may_be_sorted_otherwise(tmp_path: Path):
    file = xlsx_file(tmp_path / "O.xlsx", [order(1, 工单状态="飞了")])
    book = openpyxl.load_workbook(file)
    assert book.active is not None
    for name, lines in (("四月", 2), ("五月", 1)):
        sheet = book.create_sheet(name)
        sheet.append(list(COLUMNS))
        for n in range(lines):
            sheet.append([order(lines * 10 + n, 工单状态="飞了")[column] for column in COLUMNS])
    book.save(file)
    await tried(file)
    errors = Path("O.xlsx.errors.xlsx")
    first, *others = [[cell.value for cell in row] for row in openpyxl.load_workbook(errors).active.iter_rows()]
    sorted_otherwise = openpyxl.Workbook()
    for row in (first, *reversed(others)):
        sorted_otherwise.active.append([text and text.replace("飞了", "已回访") for text in row])
    sorted_otherwise.save(errors)
    outcome = await tried(errors)
    assert (outcome.good, outcome.refused) == (4, 0)


async def test_a_column_that_the_mapping_does_not_name_is_hidden_and_costs_nobody_a_correction(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1, 工单状态="飞了", 来电人="", 联系电话="")])
    head, line = file.read_text("utf-8").splitlines()
    file.write_text(f"{head},姓名,备注,备注\n{line},张志明,张志明来访,张志明之妻\n", "utf-8")
    kept: list[str] = []
    finish = ProgressLog.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProgressLog, "finish", lambda self: kept.append(self.path.read_text("utf-8")) or finish(self))
        await tried(file)
    assert "张志明" not in kept[0]
    errors = Path("o.csv.errors.xlsx")
    (row,) = rows(errors)
    assert (row["姓名"], row["备注"], row["诉求标题"]) == (HIDDEN, HIDDEN, "路灯不亮")
    corrected(errors, 工单状态="已回访")
    assert (await tried(errors)).refused == 0
    file.unlink()
    assert (await tried(errors)).refused == 0, "nothing that is hidden would be imported"


async def test_a_masked_number_without_its_source_is_refused_and_not_lost(tmp_path: Path):
    anonymous = order(1, 工单状态="飞了", 来电人="", 联系电话="", 诉求内容="请打13912345678，门口积水")
    file = csv_file(tmp_path / "o.csv", [anonymous])
    await tried(file)
    file.unlink()
    errors = corrected(Path("o.csv.errors.xlsx"), 工单状态="已回访")
    assert (await tried(errors, errors=Path("again.csv"))).refused == 1
    assert "put o.csv beside this file" in Path("again.csv").read_text("utf-8-sig")
    corrected(errors, 诉求内容="请打某号，门口［急］积水")
    assert (await tried(errors)).refused == 0, "what a person wrote is no mark of ours"


def test_every_mark_that_masking_leaves_is_known_to_the_import():
    written = "".join(path.read_text("utf-8") for path in Path(masking.__file__).parent.glob("*.py"))
    assert all(map(MARKED.fullmatch, re.findall(r"［\w+］", written)))


async def test_an_error_file_of_an_error_file_has_the_columns_once_and_the_first_place(tmp_path: Path):
    await tried(csv_file(tmp_path / "o.csv", BAD))
    await tried(Path("o.csv.errors.xlsx"))
    found = rows(Path("o.csv.errors.xlsx.errors.xlsx"))
    assert [(row["文件 file"], row["行 line"]) for row in found] == [("o.csv", "3"), ("o.csv", "4")]
    assert list(found[0]) == [*ERROR_COLUMNS, *COLUMNS]


async def test_the_first_file_is_not_written_over_by_the_errors_of_its_errors(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", BAD)
    content = file.read_bytes()
    await tried(file)
    outcome = await tried(Path("o.csv.errors.xlsx"), errors=Path("o.csv"))
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
async def test_a_row_whose_cells_have_moved_shows_none_of_them_and_takes_none_back(
    whole: str, broken: str, tmp_path: Path
):
    file = csv_file(tmp_path / "o.csv", [order(1), order(2)])
    lines = file.read_text("utf-8").splitlines()
    lines[2] = '"' + lines[2].replace(whole, broken) if '"' in broken else lines[2].replace(whole, broken)
    file.write_text("\n".join(lines), "utf-8")
    await tried(file)
    (row,) = rows(Path("o.csv.errors.xlsx"))
    assert {row[name] or HIDDEN for name in COLUMNS} == {HIDDEN}
    assert (row["值 value"] or HIDDEN) == HIDDEN
    assert "mend this line in a copy of the file" in row["原因 reason"]
    good = {name: text for name, text in order(2).items() if name != "来电人"}
    corrected(Path("o.csv.errors.xlsx"), **good)
    assert (await tried(Path("o.csv.errors.xlsx"), errors=Path("again.csv"))).refused == 1
    corrected(Path("o.csv.errors.xlsx"), 来电人="邹女士")
    assert (await tried(Path("o.csv.errors.xlsx"))).refused == 0
