"""Makes CSV files that people open in a spreadsheet program."""

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from typing import Final

from fastapi import Response
from fastapi.responses import StreamingResponse

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
"""The first characters of texts that spreadsheet programs treat as formulas."""
_TYPE: Final = "text/csv; charset=utf-8"
_MARK: Final = "\ufeff"
"""The byte order mark: without it Excel reads Chinese characters as other ones."""


def spreadsheet(name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """The rows as a CSV file called `name`.csv (ASCII), in UTF-8 with a byte order mark. Texts that look like formulas
    get an apostrophe in front (OWASP, CSV injection)."""
    return Response((_MARK + _lines([header]) + _lines(rows)).encode(), media_type=_TYPE, headers=_saved(name))


def long_spreadsheet(name: str, header: Sequence[str], pages: AsyncIterable[Iterable[Sequence[str]]]) -> Response:
    """Like `spreadsheet`, for a table of any length: each page of rows is sent before the next one is read."""

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
