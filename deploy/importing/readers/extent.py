"""Finds the last cell of an XLSX sheet before reading: the reader allocates memory for all cells before the last."""

import re
from collections.abc import Iterator
from typing import IO, Final
from zipfile import ZipFile

MOST: Final = 40_000_000
"""The most cells of a sheet, 24 bytes each: a million rows of forty columns. One cell at XFD1048576 would need 384
GiB."""
_CHUNK: Final = 1024 * 1024
_OVERLAP: Final = 64
_BEYOND_Z: Final = re.compile(rb' r="([A-Z]{2,9})[0-9]')
_CELL: Final = re.compile(rb'<c r="[A-Z]{1,9}([0-9]{1,9})"')


def too_far(packed: ZipFile) -> str | None:
    """The last cell of a sheet that is too large, such as `XFD1048576`; None if all sheets fit."""
    for name in packed.namelist():
        if name.startswith("xl/worksheets/") and name.endswith(".xml"):
            with packed.open(name) as sheet:
                column, row = _corner(sheet)
            if _number(column) * row > MOST:
                return f"{column.decode()}{row}"
    return None


def _corner(sheet: IO[bytes]) -> tuple[bytes, int]:
    """The last column and the last row; the file holds the rows in order."""
    column, row = b"Z", 0
    for chunk in chunks(sheet):
        for letters in set(_BEYOND_Z.findall(chunk)):
            column = max(column, letters, key=lambda name: (len(name), name))
        last = _CELL.match(chunk, max(chunk.rfind(b'<c r="'), 0))
        row = max(row, int(last[1])) if last else row
    return column, row


def chunks(part: IO[bytes]) -> Iterator[bytes]:
    """Chunks of a file; each begins with the last 64 bytes of the one before, so that no short pattern is cut."""
    end = b""
    while chunk := part.read(_CHUNK):
        yield end + chunk
        end = chunk[-_OVERLAP:]


def _number(column: bytes) -> int:
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number
