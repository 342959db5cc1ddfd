"""Writes work orders of a hotline into files of every format."""

import csv
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import xlwt

from deploy.importing.declarations import load
from deploy.importing.job import Job
from shared.chassis.base.clock import now
from tests.packs import nanhai

Order = dict[str, Any]
COLUMNS = (
    "工单编号", "来电时间", "来电人", "联系电话", "联系地址", "诉求标题", "诉求内容", "诉求类型", "问题分类",
    "所属镇街", "所属村社区", "工单状态", "派单时间", "签收时间", "办结时间", "回访时间", "承办单位", "办理结果",
    "满意度", "是否解决",
)  # fmt: skip


def order(n: int = 1, **changes: Any) -> Order:
    """A work order that is handled and rated; `changes` are values by column."""
    columns = {
        "工单编号": f"FS2021-{n:06d}",
        "来电时间": "2021/03/01 09:30:07",
        "来电人": "邹女士",
        "联系电话": "13800138000",
        "联系地址": "",
        "诉求标题": "路灯不亮",
        "诉求内容": "村口的路灯坏了三天",
        "诉求类型": "求助",
        "问题分类": "路灯照明",
        "所属镇街": "里水镇",
        "所属村社区": "",
        "工单状态": "已回访",
        "派单时间": "2021/03/01 10:00:00",
        "签收时间": "2021/03/01 11:00:00",
        "办结时间": "2021/03/03 16:00:00",
        "回访时间": "2021/03/04 09:00:00",
        "承办单位": "里水镇人民政府",
        "办理结果": "已更换灯具",
        "满意度": "非常满意",
        "是否解决": "是",
    }
    return columns | changes


BAD = [order(1), order(2, 来电时间="昨天"), order(3, 工单状态="飞了"), order(4)]
"""Two valid orders around two that are refused."""


def csv_file(path: Path, orders: Iterable[Order], encoding: str = "utf-8") -> Path:
    """Comma-separated."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(orders)
    return path


def ndjson_file(path: Path, orders: Iterable[Order]) -> Path:
    """One object a line."""
    path.write_text("".join(json.dumps(work_order, ensure_ascii=False) + "\n" for work_order in orders), "utf-8")
    return path


def xlsx_file(path: Path, orders: Iterable[Order], title: str = "") -> Path:
    """A modern workbook, optionally with a title above the column names."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "工单"
    if title:
        sheet.append([title])
    sheet.append(list(COLUMNS))
    for work_order in orders:
        sheet.append([work_order[name] for name in COLUMNS])
    workbook.save(path)
    return path


def xls_file(path: Path, orders: Iterable[Order]) -> Path:
    """A workbook in the format of 1997, which offices still send."""
    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("工单")
    date = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    rows = [list(COLUMNS), *([work_order[name] for name in COLUMNS] for work_order in orders)]
    for n, row in enumerate(rows):
        for m, cell in enumerate(row):
            sheet.write(n, m, cell, *([date] if isinstance(cell, datetime) else []))
    workbook.save(str(path))
    return path


def rows(path: Path) -> list[Order]:
    """The rows of a workbook's first sheet, by the names above them."""
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    names, *body_rows = sheet.iter_rows(values_only=True)
    return [{str(name): cell for name, cell in zip(names, row, strict=True)} for row in body_rows]


def hotline(file: Path, **changes: Any) -> Job:
    """The import of a file of work orders into Nanhai."""
    return Job(file, load("hotline12345"), nanhai(), now, **changes)
