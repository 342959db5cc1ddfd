"""Every mistake in a row is reported with line, column and a reason in both languages; other rows are imported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.importing.readers import opened
from deploy.importing.rows import BadRow
from deploy.importing.translation import Translator
from shared.chassis.base.clock import now
from tests.importing.conftest import read
from tests.importing.orders import COLUMNS, csv_file, hotline, ndjson_file, order
from tests.packs import nanhai


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"来电时间": "2021-02-30 09:00:00"}, "来电时间", "时间格式应为"),
        ({"来电时间": "昨天"}, "来电时间", "a time must look like %Y/%m/%d"),
        ({"来电时间": "2999/01/01 00:00:01"}, "来电时间", "晚于现在"),
        ({"派单时间": "2021/02/01 10:00:00"}, "派单时间", "早于上一环节"),
        ({"工单状态": "飞了"}, "工单状态", "未知状态"),
        ({"工单编号": ""}, "工单编号", "必填"),
        ({"诉求标题": "长" * 201}, "诉求标题", "超过 200 个字"),
        ({"诉求标题": "a\x01b"}, "诉求标题", "控制字符 U+0001"),
        ({"诉求类型": "骂人"}, "诉求类型", "不在映射表中"),
        ({"问题分类": "路灯"}, "问题分类", "not known in nanhai，是否为 / perhaps 路灯照明"),
        ({"所属镇街": "东莞"}, "所属镇街", "佛山市南海区没有这一项"),
        ({"所属镇街": "", "所属村社区": "太平社区"}, "所属村社区", "有 2 处同名"),
        ({"所属村社区": "桂一社区"}, "所属村社区", "没有这一项"),
        ({"联系电话": "1" * 33}, "联系电话", "超过 32 个字"),
        ({"办理结果": ""}, "办理结果", "此状态必填"),
        ({"办理结果": "好" * 4001}, "办理结果", "at most 4000"),
        ({"满意度": ""}, "满意度", "此状态必填"),
        ({"承办单位": "玉皇大帝"}, "承办单位", "没有这一项"),
        ({"来电人": "空\0字符"}, "来电人", "含有空字符"),
    ],
)
def test_a_wrong_cell_is_reported_with_line_and_column(
    changes: dict[str, Any], column: str, reason: str, tmp_path: Path
):
    demands, refused = read(csv_file(tmp_path / "o.csv", [order(1), order(2, **changes), order(3)]))
    assert [demand.external_id for demand in demands] == ["FS2021-000001", "FS2021-000003"]
    assert [(line, where) for line, where, _ in refused] == [(3, column)]
    assert reason in refused[0][2]
    assert " / " in refused[0][2]


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({"来电时间": "昨天", "工单状态": "飞了"}, ["来电时间", "工单状态"]),
        ({"诉求类型": "骂人", "问题分类": "路灯", "派单时间": "明天"}, ["诉求类型", "问题分类", "派单时间"]),
        ({"诉求标题": "长" * 201, "联系电话": "1" * 33}, ["诉求标题", "联系电话"]),
        ({"诉求标题": "长" * 201, "来电时间": "昨天"}, ["来电时间", "诉求标题"]),
        ({"来电时间": "昨天", "派单时间": "明天", "办理结果": ""}, ["来电时间", "派单时间", "办理结果"]),
        ({"工单编号": "", "满意度": ""}, ["工单编号", "满意度"]),
        ({"承办单位": "玉皇大帝"}, ["承办单位"]),
    ],
)
def test_every_mistake_of_a_row_is_named(changes: dict[str, Any], columns: list[str], tmp_path: Path):
    mapping = hotline(file := csv_file(tmp_path / "o.csv", [order(1, **changes)])).mapping
    with opened(file, mapping.encoding, mapping.columns) as table, pytest.raises(BadRow) as refused:
        Translator(mapping, nanhai(), now).demand(next(table.rows))
    mistakes = [refused.value, *refused.value.also]
    assert sorted(mistake.column for mistake in mistakes) == sorted(columns)
    assert all(" / " in mistake.reason for mistake in mistakes)
    assert all(mistake.value == changes[mistake.column] for mistake in mistakes)


def changed(path: Path, change: Callable[[list[bytes]], list[bytes]]) -> Path:
    lines = csv_file(path, [order(n) for n in range(1, 5)]).read_bytes().splitlines()
    path.write_bytes(b"\r\n".join(change(lines)) + b"\r\n")
    return path


def test_a_broken_byte_affects_only_its_row(tmp_path: Path):
    file = changed(
        tmp_path / "o.csv", lambda lines: [*lines[:2], lines[2].replace("邹".encode(), b"\xe9\x82"), *lines[3:]]
    )
    demands, refused = read(file)
    assert (len(demands), refused[0][:2]) == (3, (3, "来电人"))
    assert "not valid" in refused[0][2]


def test_a_ragged_row_says_which_column_is_missing(tmp_path: Path):
    demands, refused = read(
        changed(tmp_path / "o.csv", lambda lines: [*lines[:3], b"1,2", lines[3] + b",more", lines[4]])
    )
    assert len(demands) == 3
    assert [(line, column) for line, column, _ in refused] == [(4, COLUMNS[2]), (5, "")]
    assert "列数不足" in refused[0][2]
    assert "列数过多" in refused[1][2]


def test_an_unclosed_quote_affects_only_its_line(tmp_path: Path):
    demands, refused = read(changed(tmp_path / "o.csv", lambda lines: [lines[0], b'"' + lines[1], *lines[2:]]))
    assert [demand.external_id[-1] for demand in demands] == ["2", "3", "4"]
    assert [(line, column) for line, column, _ in refused] == [(2, "")]


def test_a_cell_that_is_too_long_for_csv_is_reported(tmp_path: Path):
    demands, refused = read(csv_file(tmp_path / "o.csv", [order(1), order(2, 诉求内容="长" * 140_000), order(3)]))
    assert (len(demands), refused[0][0]) == (2, 3)
    assert "a cell has more than 131,072 characters" in refused[0][2]


def test_line_numbers_after_a_multiline_text_are_right(tmp_path: Path):
    file = csv_file(tmp_path / "o.csv", [order(1, 诉求内容="一\n二\n三"), order(2, 工单状态="飞了")])
    demands, refused = read(file)
    assert demands[0].text == "一\n二\n三"
    assert refused[0][:2] == (5, "工单状态")


def test_an_empty_line_is_no_row(tmp_path: Path):
    demands, refused = read(
        changed(tmp_path / "o.csv", lambda lines: [*lines[:2], b"", b"," * (len(COLUMNS) - 1), *lines[2:]])
    )
    assert (len(demands), refused) == (4, [])


def test_a_bad_line_of_ndjson_affects_only_itself(tmp_path: Path):
    file = ndjson_file(tmp_path / "o.ndjson", [order(1), order(2)])
    first, second = file.read_bytes().splitlines()
    broken = second.replace("邹".encode(), b"\xe9\x82")
    file.write_bytes(b"\n".join([first, b'{"half": ', b"[1]", broken, b"", b"{}", second]))
    demands, refused = read(file)
    assert [demand.external_id[-1] for demand in demands] == ["1", "2"]
    assert [line for line, *_ in refused] == [2, 3, 4, 6]
    assert "not JSON" in refused[0][2]


def test_a_damaged_cell_of_an_unused_column_is_ignored(tmp_path: Path):
    file = changed(
        tmp_path / "o.csv", lambda lines: [lines[0] + ",备注".encode(), *(one + b",\xff\0" for one in lines[1:])]
    )
    demands, refused = read(file)
    assert (len(demands), refused) == (4, [])
