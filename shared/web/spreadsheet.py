"""Makes CSV files that people open in a spreadsheet program."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import Final

from fastapi import Response
from fastapi.responses import StreamingResponse

_RECKONED: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
_TYPE: Final = "text/csv; charset=utf-8"
_MARK: Final = "\ufeff"
"""Without this byte order mark Excel reads Chinese as something else."""


def spreadsheet(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """The rows as CSV in UTF-8, saved as `name`.csv, in ASCII. Words that would be a formula are kept words by an
    apostrophe (OWASP, CSV injection)."""
    return Response((_MARK + _lines([header]) + _lines(rows)).encode(), media_type=_TYPE, headers=_saved(name))


def long_spreadsheet(name: str, header: Sequence[str], pages: AsyncIterable[Iterable[Sequence[str]]]) -> Response:
    """The same for a table that no memory need hold: each page of rows is sent before the next one is asked for."""

    async def parts() -> AsyncIterator[bytes]:
        yield (_MARK + _lines([header])).encode()
        async for rows in pages:
            yield _lines(rows).encode()

    return StreamingResponse(parts(), media_type=_TYPE, headers=_saved(name))


def _saved(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_as_words(cell) for cell in row] for row in rows)
    return text.getvalue()


def _as_words(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell
