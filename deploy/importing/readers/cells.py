"""Converts cells of a workbook to the text that people see."""

from datetime import date, datetime, time, timedelta
from typing import Final

Cell = int | float | str | bool | time | date | datetime | timedelta
_DIGITS_KEPT: Final = 10**15
_ROUNDED: Final = (
    "超过 15 位的数字已被 Excel 改写，请设为文本格式后重新填写 / Excel changed digits beyond 15: store as text"
)


def text_of(cell: Cell) -> str:
    """The text of a cell: whole numbers without a decimal point, dates in ISO 8601."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if cell.is_integer() else repr(cell)
        case datetime():
            return (cell + timedelta(microseconds=500_000)).replace(microsecond=0).isoformat(" ")
        case timedelta():
            return str(round(cell.total_seconds()))
        case date() | time():
            return cell.isoformat()
        case _:
            return str(cell)


def doubt(cell: Cell) -> str | None:
    """Why the value of a cell may differ from what was typed; None if it is reliable."""
    if isinstance(cell, int | float) and abs(cell) >= _DIGITS_KEPT:
        return _ROUNDED
    return None
