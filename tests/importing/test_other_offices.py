"""Files of other offices: their date formats, separators, headers and Excel guards; unreadable values are named."""

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from deploy.importing.declarations import load
from deploy.importing.mapping import Mapping, Times
from deploy.importing.readers import opened
from deploy.importing.rows import BadRow, UnreadableFile
from deploy.importing.times import reader_of
from deploy.importing.translation import Translator
from services.intake.submission.domain import RecordedDemand
from shared.chassis.base.clock import now
from tests.importing.conftest import read
from tests.importing.orders import COLUMNS, csv_file, ndjson_file, order, xls_file, xlsx_file
from tests.packs import shipped

CITY = """
jurisdiction: losangeles
times: {formats: ["%m/%d/%Y %I:%M:%S %p"], zone: America/Los_Angeles}
values:
  external_id: {column: id}
  title: {column: type}
  category: {always: other}
  division: {always: la}
  channel_kind: {always: hotline}
  via: {always: phone}
  due: {column: due, optional: true}
  result: {column: result, optional: true}
raised_at: opened
status: status
histories:
  Closed:
    - {type: demand.routed, at: opened, data: {unit: ita, rule: recorded, due_at: "{due}"}}
    - {type: demand.accepted, at: opened, data: {by: ita}}
    - {type: demand.resolved, at: closed, data: {by: ita, result: "{result}"}}
    - {type: demand.closed, at: closed, data: {outcome: unrated}}
"""
LAMP = {
    "id": "L1", "type": "Lamp", "opened": "03/01/2021 09:30:00 AM", "due": "03/08/2021 05:00:00 PM",
    "closed": "03/02/2021 09:30:00 AM", "status": "Closed", "result": "fixed",
}  # fmt: skip


@pytest.fixture
def city(tmp_path: Path) -> Mapping:
    path = tmp_path / "city.yaml"
    path.write_text(CITY, "utf-8")
    return load(str(path))


def lamps(city: Mapping, folder: Path, **changes: str) -> RecordedDemand:
    pack = shipped().get("losangeles")
    assert pack
    path = folder / "lamps.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, LAMP)
        writer.writeheader()
        writer.writerow(LAMP | changes)
    with opened(path, city.encoding, city.columns) as table:
        (row,) = table.rows
        return Translator(city, pack, now).demand(row)


def test_a_file_without_a_column_of_the_status_has_one_history_for_every_row(tmp_path: Path):
    path = tmp_path / "messages.yaml"
    path.write_text(
        CITY.replace("status: status\n", "").replace("{type: demand", "{optional: true, type: demand"), "utf-8"
    )
    city = load(str(path))
    assert "status" not in city.columns
    assert len(lamps(city, tmp_path).history) == 4
    assert len(lamps(city, tmp_path, closed="").history) == 2, "an optional step without a time is left out"


@pytest.mark.parametrize(
    "entered",
    [
        "2021-3-1 9:30", "2021-03-01 9:30", "2021年3月1日 9:30", "2021年3月1日9时30分", "2021/3/1 上午9:30",
        "2021/3/1 9:30 AM", "2021.3.1 9:30", "２０２１／３／１　９：３０", "2021年3月1日 星期一 09:30",
        "44256.395833333", "2021/3/1  9:30", "2021-3-1 9:30:00.0", "2021年03月01日上午09时30分00秒",
    ],
)  # fmt: skip
def test_a_common_way_to_write_a_time_needs_no_format(entered: str):
    time = reader_of(Times(zone="Asia/Shanghai"))(entered)
    assert time
    assert time.isoformat() == "2021-03-01T09:30:00+08:00"


@pytest.mark.parametrize(
    ("entered", "hour"),
    [
        ("下午3:30", 15), ("下午12:30", 12), ("上午12:30", 0), ("中午12:30", 12), ("中午1:30", 13), ("晚上8:30", 20),
        ("凌晨1:30", 1), ("下午15:30", 15), ("3:30:05 PM", 15), ("12:30 am", 0), ("中午11:30", 11), ("傍晚6点30分", 18),
    ],
)  # fmt: skip
def test_a_half_of_the_day_is_understood(entered: str, hour: int):
    time = reader_of(Times(zone="Asia/Shanghai"))(f"2021/3/1 {entered}")
    assert time
    assert (time.hour, time.minute) == (hour, 30)


@pytest.mark.parametrize(
    "entered",
    [
        "2021-2-30 9:30",
        "2021/3/1 上午15:00",
        "2021/3/1 晚上12:30",
        "3/1/2021",
        "99999",
        "12345",
        "2021-3-1 25:00",
        "九点",
    ],
)
def test_an_ambiguous_or_impossible_time_is_not_guessed(entered: str):
    assert reader_of(Times(zone="Asia/Shanghai"))(entered) is None


def test_a_seconds_part_is_kept():
    time = reader_of(Times(zone="Asia/Shanghai"))("2021年3月1日 9:30:05")
    assert time == datetime.fromisoformat("2021-03-01T09:30:05+08:00")


def test_a_format_of_the_mapping_has_precedence_over_common_ones():
    time = reader_of(Times(formats=("%Y.%d.%m",), zone="Asia/Shanghai"))("2021.3.1")
    assert time == datetime.fromisoformat("2021-01-03T00:00:00+08:00")


def test_a_date_of_a_workbook_whose_cell_lost_its_format_is_read(tmp_path: Path):
    (demand,), refused = read(xlsx_file(tmp_path / "o.xlsx", [order(1, 来电时间=44256.3959143518)]))
    assert not refused
    assert demand.occurred_at == datetime.fromisoformat("2021-03-01T09:30:07+08:00")


def test_a_due_time_is_read_in_the_formats_of_the_mapping(city: Mapping, tmp_path: Path):
    routed = lamps(city, tmp_path).history[0]
    assert str(routed.data["due_at"]).startswith("2021-03-08T17:00:00-08:00")
    assert "due_at" not in lamps(city, tmp_path, due="").history[0].data


def test_an_unreadable_due_time_is_reported_with_its_column(city: Mapping, tmp_path: Path):
    with pytest.raises(BadRow) as error:
        lamps(city, tmp_path, due="next week")
    assert (error.value.column, error.value.value) == ("due", "next week")


@pytest.mark.parametrize("column", ["result", "type", "id"])
def test_a_control_character_is_reported_with_its_column(column: str, city: Mapping, tmp_path: Path):
    with pytest.raises(BadRow, match="U\\+0080") as error:
        lamps(city, tmp_path, **{column: "the city\x80s"})
    assert error.value.column == column


def test_a_closing_time_in_the_repeated_hour_of_a_clock_change_is_accepted(city: Mapping, tmp_path: Path):
    autumn = {"opened": "11/07/2021 01:50:00 AM", "closed": "11/07/2021 01:10:00 AM", "due": ""}
    demand = lamps(city, tmp_path, **autumn)
    assert demand.occurred_at.isoformat() == "2021-11-07T01:50:00-07:00"
    assert demand.history[-1].at.isoformat() == "2021-11-07T01:10:00-08:00"
    with pytest.raises(BadRow, match="早于上一环节"):
        lamps(city, tmp_path, opened="11/07/2021 02:30:00 AM", closed="11/07/2021 01:10:00 AM", due="")
    with pytest.raises(BadRow, match="早于上一环节"):
        lamps(city, tmp_path, opened="11/08/2021 01:50:00 AM", closed="11/08/2021 01:10:00 AM", due="")


def test_a_time_that_says_its_own_zone_is_never_moved_by_a_clock_change(city: Mapping, tmp_path: Path):
    with pytest.raises(BadRow, match="早于上一环节"):
        lamps(city, tmp_path, opened="2021-11-07T01:50:00Z", closed="2021-11-07T01:10:00Z", due="")


@pytest.mark.parametrize(("number", "is_doubtful"), [(123456789012345, False), (1234567890123450, True)])
def test_a_number_of_more_digits_than_excel_keeps_is_refused(number: int, is_doubtful: bool, tmp_path: Path):
    _, refused = read(xlsx_file(tmp_path / "o.xlsx", [order(1, 工单编号=number)]))
    assert [column for _, column, _ in refused] == (["工单编号"] if is_doubtful else [])


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_with_other_separators_is_read(separator: str, encoding: str, tmp_path: Path):
    path = tmp_path / "o.txt"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, delimiter=separator)
        writer.writeheader()
        writer.writerows([order(1, 诉求内容="一，二, 三; 四\n五"), order(2, 工单状态="飞了"), order(3)])
    demands, refused = read(path)
    assert [demand.external_id for demand in demands] == ["FS2021-000001", "FS2021-000003"]
    assert demands[0].text == "一，二, 三; 四\n五"
    assert [(line, column) for line, column, _ in refused] == [(4, "工单状态")]


def test_a_broken_quote_affects_only_its_line_with_any_separator(tmp_path: Path):
    lines = csv_file(tmp_path / "o.csv", [order(n) for n in (1, 2)]).read_text("utf-8").replace(",", "\t").splitlines()
    (tmp_path / "o.tsv").write_text("\n".join([lines[0], '"' + lines[1], lines[2]]), "utf-8")
    demands, refused = read(tmp_path / "o.tsv")
    assert [demand.external_id for demand in demands] == ["FS2021-000002"]
    assert [line for line, *_ in refused] == [2]


HEADERS = {
    "来电时间": "来电\n时间",
    "工单编号": " 工单  编号 ",
    "是否解决": "是否\r\n解决",
    "工单状态": "工单状态\u3000",
}


def test_a_header_with_line_breaks_and_blanks_is_recognised(tmp_path: Path):
    names = [HEADERS.get(name, name) for name in COLUMNS]
    path = tmp_path / "o.csv"
    with path.open("w", encoding="gb18030", newline="") as text_file:
        csv.writer(text_file).writerows([names, [order(1)[name] for name in COLUMNS]])
    workbook = openpyxl.Workbook()
    assert workbook.active
    workbook.active.append(names)
    workbook.active.append([order(1)[name] for name in COLUMNS])
    workbook.save(tmp_path / "o.xlsx")
    for file in (path, tmp_path / "o.xlsx"):
        (demand,), refused = read(file)
        assert (demand.external_id, refused) == ("FS2021-000001", [])


def test_a_header_is_recognised_in_another_case_and_width(city: Mapping, tmp_path: Path):
    path = tmp_path / "lamps.csv"
    path.write_text(f"ID,Type,ＯＰＥＮＥＤ,Due,closed ,STATUS,result\n{','.join(LAMP.values())}\n", "utf-8")
    with opened(path, city.encoding, city.columns) as table:
        assert set(table.columns) == city.columns


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"所属村社区": "４４０６０５１２６２２２"}, "division", "440605126222"),
        ({"承办单位": "TOWN-440605126000"}, "history", None),
        ({"问题分类": "Street  Lighting"}, "category", "street-lighting"),
        ({"问题分类": "STREET-LIGHTING"}, "category", "street-lighting"),
        ({"满意度": " 非常 满意"}, "history", None),
        ({"工单状态": "已 回访"}, "history", None),
    ],
)
def test_looked_up_values_may_differ_in_case_width_and_blanks(
    changes: dict[str, Any], field: str, value: str | None, tmp_path: Path
):
    (plain_demand,), _ = read(csv_file(tmp_path / "plain.csv", [order(1)]))
    (demand,), refused = read(csv_file(tmp_path / "o.csv", [order(1, **changes)]))
    assert not refused
    assert getattr(demand, field) == (value or getattr(plain_demand, field))


GUARDED = ["'20210301000001234568", '="20210301000001234568"', "20210301000001234568", "20210301000001234568\t"]


@pytest.mark.parametrize("entered", GUARDED)
def test_a_guard_against_excel_is_no_part_of_a_number(entered: str, tmp_path: Path):
    for write, name in ((csv_file, "o.csv"), (ndjson_file, "o.ndjson"), (xls_file, "o.xls")):
        (demand,), refused = read(write(tmp_path / name, [order(1, 工单编号=entered)]))
        assert (demand.external_id, refused) == ("20210301000001234568", [])


@pytest.mark.parametrize("title", ["'90s disco at night", "=路灯不亮", "'路灯'不亮", "5'3"])
def test_an_apostrophe_that_is_no_guard_stays(title: str, tmp_path: Path):
    (demand,), _ = read(csv_file(tmp_path / "o.csv", [order(1, 诉求标题=title)]))
    assert demand.title == title


def test_guards_of_times_and_telephones_are_no_part_of_them_either(tmp_path: Path):
    guards = {"来电时间": "'2021-03-01 09:30:07", "联系电话": '="13800138000"', "派单时间": '="2021/03/01 10:00:00"'}
    plain_demand, guarded = (
        read(csv_file(tmp_path / f"{n}.csv", [order(1, **changes)]))[0][0] for n, changes in enumerate(({}, guards))
    )
    assert guarded == plain_demand


MHTML = b"MIME-Version: 1.0\r\nX-Type: Workbook\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
FROM_A_PAGE = b"From: <Saved by Excel>\r\nSubject: \r\n =?utf-8?Q?x?=\r\nDate: Mon\r\nMIME-Version: 1.0\r\n\r\n"
XML = b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook/>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (MHTML, "MHTML"),
        (FROM_A_PAGE, "MHTML"),
        (XML, "XML spreadsheet of 2003"),
        (b"<html><table>", "is a web page: open it in Excel"),
        (b"ID;PWXL;N;E\r\n", "SYLK"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"%PDF-1.7\n", "is a PDF"),
        (b"\x1f\x8b\x08\0", "unpack it"),
        (json.dumps([{"a": 1}]).encode(), "write one object a line"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_a_reason(content: bytes, words: str, tmp_path: Path):
    path = tmp_path / "工单.xls"
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=words), opened(path, "auto", frozenset(COLUMNS)):
        pass
