"""One reader a format; the content decides, since names lie (pages of HTML are often called .xls)."""

from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.importing.readers import csv_file, ndjson, workbook
from deploy.importing.rows import Table, UnreadableFile

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"


@contextmanager
def opened(path: Path, encoding: str, wanted: Set[str]) -> Iterator[Table]:
    """The rows of a CSV, NDJSON, XLS, XLSX or ODS file that has the wanted columns; raises `UnreadableFile`."""
    if not path.is_file():
        raise UnreadableFile(f"没有文件 {path} / there is no file {path}")
    with path.open("rb") as content:
        start = content.read(4096)
    if start.startswith((_ZIP, _OLE)):
        reader = workbook.opened(path, wanted)
    else:
        plain = start.removeprefix(b"\xef\xbb\xbf").lstrip()
        _refuse_other_formats(path, start, plain)
        reader = ndjson.opened(path, wanted) if plain.startswith(b"{") else csv_file.opened(path, encoding, wanted)
    with reader as table:
        yield table


def _refuse_other_formats(path: Path, start: bytes, plain: bytes) -> None:
    if not plain:
        raise UnreadableFile(f"{path} 是空文件 / is empty")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{path} 是 UTF-16 文本，请另存为 UTF-8 或 .xlsx / is UTF-16: save it as UTF-8 or .xlsx")
    if plain.startswith(b"<"):
        raise UnreadableFile(f"{path} 其实是网页，请用 Excel 打开后另存为 .xlsx / is a web page: save it as .xlsx")
    if plain.startswith(b"["):
        raise UnreadableFile(f"{path} 是 JSON 数组，请改为每行一个对象 / is a JSON array: write one object a line")
