"""Every format gives the same demand."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import xlwt

from deploy.importing.readers import workbook
from deploy.importing.rows import UnreadableFile
from tests.importing.conftest import read
from tests.importing.orders import COLUMNS, Order, csv_file, ndjson_file, order, xls_file, xlsx_file

SHANGHAI = ZoneInfo("Asia/Shanghai")
Writer = Callable[[Path, list[Order]], Path]


def gb18030(path: Path, orders: list[Order]) -> Path:
    return csv_file(path, orders, "gb18030")


def with_bom(path: Path, orders: list[Order]) -> Path:
    return csv_file(path, orders, "utf-8-sig")


@pytest.mark.parametrize("write", [csv_file, with_bom, gb18030, ndjson_file, xlsx_file, xls_file])
def test_a_work_order_is_the_same_demand_in_every_format(write: Writer, tmp_path: Path):
    demands, refused = read(write(tmp_path / "orders", [order(1), order(2)]))
    expected, _ = read(csv_file(tmp_path / "plain.csv", [order(1), order(2)]))
    assert (refused, len(demands)) == ([], 2)
    assert demands == expected
    assert demands[0].contact
    assert demands[0].contact.phone == "13800138000"


@pytest.mark.parametrize("write", [xlsx_file, xls_file])
def test_a_phone_and_a_date_of_a_workbook_are_read_by_their_cell_types(write: Writer, tmp_path: Path):
    called = datetime(2021, 3, 1, 9, 30, 7)
    (demands,), refused = read(
        write(tmp_path / "o", [order(1, 来电时间=called, 联系电话=13800138000.0, 工单编号=20210301000017)])
    )
    assert not refused
    assert demands.contact
    assert (demands.contact.phone, demands.external_id) == ("13800138000", "20210301000017")
    assert demands.occurred_at == called.replace(tzinfo=SHANGHAI)


def test_a_date_without_time_is_not_before_an_earlier_step_of_that_day(tmp_path: Path):
    day = date(2021, 3, 1)
    (demands,), refused = read(
        xlsx_file(tmp_path / "o.xlsx", [order(1, 工单状态="已归档", 签收时间=day, 办结时间=day)])
    )
    assert not refused
    assert [step.at.hour for step in demands.history] == [10, 10, 10, 10]


def test_a_date_without_time_is_not_before_the_call_of_that_day(tmp_path: Path):
    (demands,), refused = read(xlsx_file(tmp_path / "o.xlsx", [order(1, 工单状态="待签收", 派单时间=date(2021, 3, 1))]))
    assert not refused
    assert demands.history[0].at == demands.occurred_at


def test_a_number_that_excel_has_rounded_is_refused_and_not_guessed(tmp_path: Path):
    demands, refused = read(xlsx_file(tmp_path / "o.xlsx", [order(1, 工单编号=440605202103010001)]))
    assert not demands
    assert [(line, column) for line, column, _ in refused] == [(2, "工单编号")]
    assert "15 位" in refused[0][2]


def test_a_number_that_excel_has_shortened_in_a_csv_is_refused(tmp_path: Path):
    demands, refused = read(csv_file(tmp_path / "o.csv", [order(1, 联系电话="1.38E+10")]))
    assert (demands, refused[0][1]) == ([], "联系电话")


def test_a_title_above_the_columns_is_skipped_and_lines_are_numbered_like_in_excel(tmp_path: Path):
    file = xlsx_file(tmp_path / "o.xlsx", [order(1), order(2, 工单状态="飞了")], title="2021年3月热线工单导出表")
    demands, refused = read(file)
    assert (len(demands), refused[0][:2]) == (1, (4, "工单状态"))


def test_a_workbook_is_read_sheet_by_sheet_and_hidden_sheets_are_not(tmp_path: Path):
    file = xlsx_file(tmp_path / "o.xlsx", [order(1)])
    workbook = openpyxl.load_workbook(file)
    for name, hidden in (("四月", False), ("隐藏", True), ("说明", False)):
        sheet = workbook.create_sheet(name)
        sheet.sheet_state = "hidden" if hidden else "visible"
        if name != "说明":
            sheet.append(list(COLUMNS))
            sheet.append([order(2 + hidden)[column] for column in COLUMNS])
    workbook.save(file)
    demands, refused = read(file)
    assert ([demand.external_id for demand in demands], refused) == (["FS2021-000001", "FS2021-000002"], [])


def test_a_sheet_with_a_misspelt_column_is_refused_and_not_skipped(tmp_path: Path):
    file = xlsx_file(tmp_path / "o.xlsx", [order(1)])
    workbook = openpyxl.load_workbook(file)
    sheet = workbook.create_sheet("四月")
    sheet.append([name.replace("诉求标题", "标题") for name in COLUMNS])
    sheet.append([order(2)[column] for column in COLUMNS])
    workbook.save(file)
    with pytest.raises(UnreadableFile, match=r"o\.xlsx 四月: 缺少列 诉求标题"):
        read(file)


def test_a_nested_object_of_ndjson_is_named_with_a_dot(tmp_path: Path):
    from deploy.importing.readers import opened

    file = tmp_path / "nested.ndjson"
    file.write_bytes(b'\xef\xbb\xbf{"id": 7, "who": {"phone": "138", "vip": true}, "gone": null}\n')
    with opened(file, "auto", {"id"}) as table:
        (row,) = table.rows
    assert row.cells == {"id": "7", "who.phone": "138", "who.vip": "true", "gone": ""}


def test_a_long_number_of_ndjson_keeps_every_digit(tmp_path: Path):
    numbers = ["44060520210301000017", "44060520210301000018", "440605202103010000.25"]
    file = ndjson_file(tmp_path / "o.ndjson", [order(n) for n in (1, 2, 3)])
    text = file.read_text("utf-8")
    for n, number in enumerate(numbers, 1):
        text = text.replace(f'"FS2021-{n:06d}"', number)
    file.write_text(text, "utf-8")
    demands, refused = read(file)
    assert ([demand.external_id for demand in demands], refused) == (numbers, [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<html><table></table></html>", "web page"),
        ("工单编号\n".encode("utf-16"), "UTF-16"),
        (b"[{}]", "one object a line"),
        (b"PK\x03\x04 not a zip", "not a sound workbook"),
        (b"{broken\n", "no line is a JSON object"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(content: bytes, message: str, tmp_path: Path):
    file = tmp_path / "orders.xls"
    file.write_bytes(content)
    with pytest.raises(UnreadableFile, match=message):
        read(file)


def test_a_workbook_that_would_fill_the_memory_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = xlsx_file(tmp_path / "o.xlsx", [order(1)])
    with ZipFile(file, "a", ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/image1.bin", bytes(3 * workbook.MIB))
    assert file.stat().st_size < workbook.MIB
    assert read(file)[0]
    monkeypatch.setattr(workbook, "LARGEST", 2 * workbook.MIB)
    with pytest.raises(UnreadableFile, match="3 MiB unpacked, 2 MiB are read: save it as CSV UTF-8"):
        read(file)


def merged_downwards(path: Path, orders: list[Order]) -> Path:
    """A workbook whose town cell is merged over all rows."""
    town = COLUMNS.index("所属镇街")
    if path.suffix == ".xls":
        workbook = xlwt.Workbook()
        sheet = workbook.add_sheet("工单")
        for n, row in enumerate([list(COLUMNS), *([work_order[name] for name in COLUMNS] for work_order in orders)]):
            for m, cell in enumerate(row):
                if n == 0 or m != town:
                    sheet.write(n, m + 1, cell)
        sheet.write_merge(1, len(orders), town + 1, town + 1, orders[0]["所属镇街"])
        workbook.save(str(path))
        return path
    wide = openpyxl.load_workbook(xlsx_file(path, orders))
    assert wide.active is not None
    wide.active.merge_cells(start_row=2, end_row=1 + len(orders), start_column=town + 1, end_column=town + 1)
    wide.save(path)
    return path


@pytest.mark.parametrize("name", ["o.xlsx", "o.xls"])
def test_a_cell_that_is_merged_over_several_rows_is_the_value_of_each(name: str, tmp_path: Path):
    demands, refused = read(merged_downwards(tmp_path / name, [order(n) for n in (1, 2, 3)]))
    assert not refused
    assert [demand.division for demand in demands] == ["440605126000"] * 3


def test_a_header_of_two_merged_rows_is_one_and_a_cell_merged_with_its_left_is_refused(tmp_path: Path):
    file = xlsx_file(tmp_path / "o.xlsx", [order(1), order(2)], title="三月")
    workbook = openpyxl.load_workbook(file)
    sheet = workbook.active
    assert sheet is not None
    sheet.insert_rows(3)
    for n, name in enumerate(COLUMNS, 1):
        sheet.merge_cells(start_row=2, end_row=3, start_column=n, end_column=n)
        if name == "所属镇街":
            sheet.merge_cells(start_row=5, end_row=5, start_column=n, end_column=n + 1)
    workbook.save(file)
    demands, refused = read(file)
    assert len(demands) == 1
    assert [(line, column) for line, column, _ in refused] == [(5, "所属村社区")]
    assert "与左边单元格合并" in refused[0][2]


def test_an_ods_file_with_merged_rows_is_refused_since_they_cannot_be_detected(tmp_path: Path):
    with ZipFile(tmp_path / "o.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", '<table:table-cell table:number-rows-spanned="3"/>')
    with pytest.raises(UnreadableFile, match="cells are merged downwards"):
        read(tmp_path / "o.ods")


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda sheet: sheet[: len(sheet) // 2], r"o\.xlsx 工单: 不是完好的 Excel 文件"),
        (lambda sheet: None, "open it in Excel and save it anew"),
        (lambda sheet: sheet.replace(b'r="C2"', b'r="2C"'), "open it in Excel and save it anew"),
        (lambda sheet: sheet.replace(b'r="3"', b'r="1048576"').replace(b'"T3"', b'"XFD1048576"'),
         "a sheet reaches to XFD1048576: delete stray cells"),
    ],
    ids=["cut off", "missing", "a cell that is nowhere", "a cell at the far corner"],
)  # fmt: skip
def test_a_damaged_sheet_says_what_to_do(damage: Callable[[bytes], bytes | None], message: str, tmp_path: Path):
    with ZipFile(xlsx_file(tmp_path / "sound.xlsx", [order(1), order(2)])) as sound:
        parts = {name: sound.read(name) for name in sound.namelist()}
    damaged = damage(parts.pop(SHEET))
    with ZipFile(tmp_path / "o.xlsx", "w") as archive:
        for name, part in {**parts, **({SHEET: damaged} if damaged else {})}.items():
            archive.writestr(name, part)
    with pytest.raises(UnreadableFile, match=message):
        read(tmp_path / "o.xlsx")


def test_missing_and_duplicate_columns_are_named(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1)])
    text = file.read_text("utf-8")
    file.write_text(text.replace("联系电话", "电话"), "utf-8")
    with pytest.raises(UnreadableFile, match="缺少列 联系电话"):
        read(file)
    file.write_text(text.replace("诉求标题", "诉求内容"), "utf-8")
    with pytest.raises(UnreadableFile, match="诉求标题"):
        read(file)
    file.write_text(text.replace("是否解决", "是否解决,联系电话"), "utf-8")
    with pytest.raises(UnreadableFile, match="列名重复 联系电话"):
        read(file)
