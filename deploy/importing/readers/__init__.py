"""Opens a file with the reader for its format. The content decides, because names are often wrong (HTML as .xls)."""

import re
from collections.abc import Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.importing.readers import csv_file, ndjson, workbook
from deploy.importing.rows import Table, UnreadableFile

_ZIP: Final = b"PK\x03\x04"
_SAVE_ZH, _SAVE_EN = "请用 Excel 打开后另存为 .xlsx", "open it in Excel and save it as .xlsx"
_OTHERS: Final = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), zh, en)
    for pattern, zh, en in (
        (
            rb"(?:[a-z][\w-]*:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*)*?(?:mime-version:|content-type:\s*multipart/)",
            f"其实是 MHTML 网页（单个文件网页），{_SAVE_ZH}",
            f"is a web page in one file (MHTML): {_SAVE_EN}",
        ),
        (
            rb"<\?xml.*?(?:progid=\W{0,2}Excel|urn:schemas-microsoft-com:office:spreadsheet)",
            f"是 XML 表格 2003，{_SAVE_ZH}",
            f"is an XML spreadsheet of 2003: {_SAVE_EN}",
        ),
        (rb"<", f"其实是网页，{_SAVE_ZH}", f"is a web page: {_SAVE_EN}"),
        (rb"ID;P", f"是 SYLK 表格，{_SAVE_ZH}", f"is a SYLK spreadsheet: {_SAVE_EN}"),
        (rb"\{\\rtf", "是 RTF 文档，请从来源系统导出表格", "is an RTF document: export a table at the source"),
        (rb"%PDF-", "是 PDF，请从来源系统导出表格", "is a PDF: export a table at the source"),
        (
            rb"\x1f\x8b|Rar!|7z\xbc\xaf|BZh|\xfd7zXZ",
            "是压缩文件，请解压后导入",
            "is packed: unpack it and import what is in it",
        ),
        (rb"\[", "是 JSON 数组，请改为每行一个对象", "is a JSON array: write one object a line"),
    )
]
"""Other formats by their first bytes, with advice in both languages."""
_OLE: Final = b"\xd0\xcf\x11\xe0"


@contextmanager
def opened(path: Path, encoding: str, columns: Set[str]) -> Iterator[Table]:
    """Open a CSV, NDJSON, XLS, XLSX or ODS file that has these columns; raises `UnreadableFile`."""
    if not path.is_file():
        raise UnreadableFile(f"没有文件 {path} / there is no file {path}")
    with path.open("rb") as content:
        start = content.read(4096)
    if start.startswith((_ZIP, _OLE)):
        reader = workbook.opened(path, columns)
    else:
        plain = start.removeprefix(b"\xef\xbb\xbf").lstrip()
        _refuse_other_formats(path, start, plain)
        reader = ndjson.opened(path, columns) if plain.startswith(b"{") else csv_file.opened(path, encoding, columns)
    with reader as table:
        yield table


def _refuse_other_formats(path: Path, start: bytes, plain: bytes) -> None:
    if not plain:
        raise UnreadableFile(f"{path} 是空文件 / is empty")
    for pattern, zh, en in _OTHERS:
        if pattern.match(plain):
            raise UnreadableFile(f"{path} {zh} / {en}")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{path} 是 UTF-16 文本，请另存为 UTF-8 或 .xlsx / is UTF-16: save it as UTF-8 or .xlsx")
