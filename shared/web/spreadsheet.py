"""Makes CSV files that people open in a spreadsheet program."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from fastapi import Response

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""The first characters of texts that spreadsheet programs treat as formulas."""


def spreadsheet(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """The rows as a CSV file called `name`.csv (ASCII). It is UTF-8 with a byte order mark, because Excel needs the
    mark. Texts that look like formulas get an apostrophe in front (OWASP, CSV injection)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_as_words(cell) for cell in row] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=headers)


def _as_words(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
