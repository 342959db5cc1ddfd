"""Reads NDJSON in UTF-8: one object a line; fields of nested objects get names with dots."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from deploy.importing.rows import NOTHING, BadRow, BrokenRow, RowPosition, SourceRow, Table, UnreadableFile

_LONG: Final = re.compile(rb"\d{16}")
"""A number with more digits than floating point keeps: such a line is parsed with numbers as text, which is slower."""


@contextmanager
def opened(path: Path, columns: Set[str]) -> Iterator[Table]:
    """Open the table; its columns are those of the first valid line and those that the mapping reads."""
    with path.open("rb") as content:
        count = sum(1 for _ in content)
        content.seek(0)
        first = next((row for row in _rows(path.name, content, NOTHING) if row.bad is None), None)
        if first is None:
            raise UnreadableFile(f"{path}: 没有一行是 JSON 对象 / no line is a JSON object")
        names = dict.fromkeys([*first.cells, *sorted(columns)])
        content.seek(0)
        empty = dict.fromkeys(names, "")
        yield Table(tuple(names), _rows(path.name, content, empty), "NDJSON, UTF-8", count)


def _rows(file: str, lines: Iterable[bytes], empty: Mapping[str, str]) -> Iterator[SourceRow]:
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip()
        if not text:
            continue
        place = RowPosition(file, "", number)
        try:
            read = orjson.loads(text)
        except orjson.JSONDecodeError as fault:
            yield SourceRow(place, empty, _bad(text, f"不是有效的 JSON / not JSON: {fault}"))
            continue
        if _LONG.search(text):
            read = json.loads(text, parse_int=str, parse_float=str)
        if isinstance(read, dict):
            yield SourceRow(place, {**empty, **dict(_flat(read, ""))})
        else:
            yield SourceRow(place, empty, _bad(text, "每行应为一个 JSON 对象 / a line must be a JSON object"))


def _bad(text: bytes, reason: str) -> BadRow:
    return BrokenRow("", text.decode("utf-8", "replace")[:200], reason)


def _flat(read: Mapping[str, Any], within: str) -> Iterator[tuple[str, str]]:
    for name, value in read.items():
        match value:
            case str():
                yield within + name, value
            case dict():
                yield from _flat(value, f"{within}{name}.")
            case None:
                yield within + name, ""
            case _:
                yield within + name, orjson.dumps(value).decode()
