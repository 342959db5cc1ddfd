"""`python -m tests.bench.importing`: reading and checking, rows a second and memory, beside a bare csv.reader.

Each figure is measured in its own process because of the peak memory: CSV of growing length (memory must not grow
with it), then a workbook (which is completely in memory).
"""

import csv
import multiprocessing
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, process_time
from typing import NamedTuple

import xlsxwriter
from rich.console import Console
from rich.table import Table

from deploy.importing.declarations import load
from deploy.importing.readers import opened
from deploy.importing.translation import Translator
from shared.chassis.base.clock import now
from shared.jurisdiction.loader import load_pack
from shared.jurisdiction.settings import JurisdictionSettings
from tests.importing.orders import COLUMNS, order

ROWS = (10_000, 100_000, 1_000_000)
SHEET_ROWS = (10_000, 100_000)
console = Console(width=110, highlight=False)


class Measured(NamedTuple):
    """Rows, wall and processor seconds, peak memory in MiB."""

    rows: int
    wall: float
    processor: float
    peak: float


def cells(rows: int) -> Iterator[list[str]]:
    """Work orders that differ as real ones do: their number, their times to the second, their text."""
    for n in range(rows):
        minute, second = divmod(n, 60)
        hour, minute = divmod(minute, 60)
        call_time = f"2021/{hour % 12 + 1:02d}/{n % 28 + 1:02d} {hour % 10 + 8:02d}:{minute:02d}:{second:02d}"
        text = f"第 {n} 件：村口的路灯坏了三天，晚上看不清路，请尽快安排人员维修。" * 2
        columns = order(n, 来电时间=call_time, 诉求内容=text, 派单时间=call_time, 签收时间=call_time)
        other_times = {"办结时间": "2022/01/03 16:00:00", "回访时间": "2022/01/04 09:00:00"}
        yield [str((columns | other_times)[name]) for name in COLUMNS]


def write_csv(path: Path, rows: int) -> None:
    """Write a CSV file row by row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(cells(rows))


def write_xlsx(path: Path, rows: int) -> None:
    """With shared strings, as Excel writes them."""
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, COLUMNS)
        for n, row in enumerate(cells(rows), 1):
            sheet.write_row(n, 0, row)


def bare(path: Path, mapping: str) -> int:
    """Only read the file with the csv module."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return sum(1 for _ in csv.reader(lines)) - 1


def ours(path: Path, mapping: str) -> int:
    """Read, translate and check every row."""
    declared = load(mapping)
    pack = load_pack(JurisdictionSettings.model_fields["jurisdictions_dir"].default / declared.jurisdiction)
    translator = Translator(declared, pack, now)
    with opened(path, declared.encoding, declared.columns) as table:
        return sum(bool(translator.demand(row)) for row in table.rows)


def _measured(work: Callable[[Path, str], int], path: Path, mapping: str) -> Measured:
    wall, processor = monotonic(), process_time()
    rows = work(path, mapping)
    wall, processor = monotonic() - wall, process_time() - processor
    return Measured(rows, wall, processor, _peak())


def _peak() -> float:
    """The peak memory of this program alone: `ru_maxrss` would include that of its parent process."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def measured(work: Callable[[Path, str], int], path: Path, mapping: str = "hotline12345") -> Measured:
    """Measure in a new process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, path, mapping))


def report(table: Table, name: str, own: Measured, plain: Measured | None = None) -> None:
    """One line."""
    ratio = f"{own.processor / plain.processor:.1f}" if plain else ""
    rates = f"{own.rows / own.wall:,.0f}", f"{own.rows / own.processor:,.0f}"
    table.add_row(name, f"{own.rows:,}", *rates, f"{own.peak:.0f}", ratio)


def main(real: Path | None) -> None:
    """Everything, in one run; a real MyLA311 file too, where one is given."""
    table = Table("what", "rows", "rows/s", "rows/s of a core", "peak MiB", "× bare", title="reading and checking")
    with tempfile.TemporaryDirectory() as folder:
        for rows in ROWS:
            path = Path(folder) / "orders.csv"
            write_csv(path, rows)
            plain = measured(bare, path)
            report(table, "csv.reader", plain)
            report(table, "CSV", measured(ours, path), plain)
        for rows in SHEET_ROWS:
            path = Path(folder) / "orders.xlsx"
            write_xlsx(path, rows)
            report(table, "XLSX", measured(ours, path))
    if real:
        report(table, real.name, measured(ours, real, "myla311"), measured(bare, real))
    console.print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
