"""Fills the value of vertically merged cells into each of their rows, as people read them."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from zipfile import ZipFile

from deploy.importing.readers.cells import Cell
from deploy.importing.readers.extent import chunks

Range = tuple[tuple[int, int], tuple[int, int]]
BESIDE: Final = "与左边单元格合并，请拆分后填写 / is merged with the cell on its left: split them and fill in both"
_SPANNED: Final = re.compile(rb'number-rows-spanned="(?:[2-9]|1[0-9])')


class _Merged(NamedTuple):
    value: Cell
    bottom: int
    left: int
    right: int


def unmerged(rows: Iterable[list[Cell]], ranges: Iterable[Range], first: int) -> Iterator[tuple[list[Cell], list[int]]]:
    """Each row with the values of merged cells from above, and the positions of cells that are merged with one on their
    left. Rows begin at the column `first`.

    A row without values of its own is part of the row above, and stays empty.
    """
    next_ranges, open_ranges = deque(sorted(ranges)), list[_Merged]()
    for n, row in enumerate(rows):
        open_ranges = [merged_cells for merged_cells in open_ranges if merged_cells.bottom >= n]
        if open_ranges and any(cell != "" for cell in row):
            for merged_cells in open_ranges:
                row[merged_cells.left] = merged_cells.value
        while next_ranges and next_ranges[0][0][0] <= n:
            (_, left), (bottom, right) = next_ranges.popleft()
            if 0 <= left - first < len(row) and row[left - first] != "":
                open_ranges.append(_Merged(row[left - first], bottom, left - first, min(right - first, len(row) - 1)))
        yield (
            row,
            [
                covered
                for merged_cells in open_ranges
                for covered in range(merged_cells.left + 1, merged_cells.right + 1)
            ],
        )


def has_hidden_merges(packed: ZipFile) -> bool:
    """Whether an ODS file has vertically merged cells: its reader does not report them."""
    if "content.xml" not in packed.namelist():
        return False
    with packed.open("content.xml") as content:
        return any(map(_SPANNED.search, chunks(content)))
