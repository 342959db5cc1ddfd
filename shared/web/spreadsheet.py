"""Tables that people open in a spreadsheet; pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from fastapi import Response

_RECKONED: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def spreadsheet(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """The rows as CSV in UTF-8 with a byte order mark, without which Excel reads Chinese as something else; saved as
    `name`.csv, in ASCII. Words that would be a formula are kept words by an apostrophe (OWASP, CSV injection)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_as_words(cell) for cell in row] for row in rows)
    saved = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response(text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=saved)


def _as_words(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RECKONED) else cell
