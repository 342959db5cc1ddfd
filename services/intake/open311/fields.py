"""Parses the fields and files of a posted form, in the charset that its sender declares; no charset is guessed."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from shared.chassis.http.body_limit import MAX_BODY, whole
from shared.contracts.refusals import Code, FieldError, Refused

FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
MAX_FILES: Final = 20
MAX_FIELDS: Final = 1000
_BYTES: Final = "latin-1"
"""The charset with which Starlette decodes values that are decoded again later: it keeps every byte."""

_ENCODINGS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("", "utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936", "x-gbk"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-1", "latin1", "windows-1252"), "cp1252"),
}

Item = tuple[str, str | bytes]
"""A field with its text, or a file with its content."""


async def posted(request: Request) -> list[Item]:
    """All fields and files of the form, in order; raises `Refused` for a body that is no form or cannot be decoded."""
    media, options = parse_options_header(request.headers.get("content-type"))
    charset = options.get(b"charset", b"").decode(_BYTES)
    match media.decode(_BYTES).strip():
        case "application/x-www-form-urlencoded":
            return _pairs(await _without_files(request), charset)
        case "multipart/form-data":
            return await _parts(request, charset)
        case _:
            en, zh = f"send {' or '.join(FORMS)}", f"请使用 {' 或 '.join(FORMS)} 格式提交"
            raise _unreadable(en, zh, FORMS[0])


async def _without_files(request: Request) -> bytes:
    body = await whole(request.receive, MAX_BODY)
    if body is None:
        en = f"a form may have {MAX_BODY // 1024} KiB at most; send files as {FORMS[1]}"
        zh = f"表单不得超过 {MAX_BODY // 1024} KiB，文件请用 {FORMS[1]} 提交"
        raise Refused(Code.TOO_LARGE, en, zh, (FieldError("Content-Length", zh, en, str(MAX_BODY)),))
    return body


def _pairs(body: bytes, charset: str) -> list[Item]:
    encoding = _encoding(charset)
    if body.count(b"&") >= MAX_FIELDS:
        raise _unreadable(f"a form may have {MAX_FIELDS} fields at most", f"表单最多 {MAX_FIELDS} 个字段")
    try:
        return [*parse_qsl(body.decode(encoding), keep_blank_values=True, encoding=encoding, errors="strict")]
    except UnicodeDecodeError:
        raise _undecodable(charset) from None


class _Parts(MultiPartParser):
    """Starlette's parser with stricter rules: it would accept half a form as a whole one, and decode unknown bytes as
    Latin-1."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.headers, request.stream(), max_files=MAX_FILES, max_fields=MAX_FIELDS)
        self.closed = False
        self.charsets: list[str] = []

    def on_part_begin(self) -> None:
        """Begin a part; it is decoded when all declared charsets are known."""
        super().on_part_begin()
        self._charset = _BYTES

    def on_part_end(self) -> None:
        """Store the charset that the part declares, if it does."""
        super().on_part_end()
        content_type = dict(self._current_part.item_headers).get(b"content-type", b"")
        _, options = parse_options_header(content_type)
        self.charsets.append(options.get(b"charset", b"").decode(_BYTES))

    def on_end(self) -> None:
        """Record that the closing boundary came."""
        self.closed = True

    async def parse(self) -> FormData:
        """Parse the whole form."""
        form = await super().parse()
        if self.closed:
            return form
        for file in self._files_to_close_on_error:
            file.close()
        raise _unreadable("the form is incomplete: its closing boundary is missing", "表单不完整：缺少结束分隔符")


async def _parts(request: Request, charset: str) -> list[Item]:
    parser = _Parts(request)
    try:
        form = await parser.parse()
    except MultiPartException as fault:
        raise _unreadable(fault.message, "无法读取表单", FORMS[1]) from None
    try:
        return await _decoded(form, parser.charsets, charset)
    finally:
        await form.close()


async def _decoded(form: FormData, charsets: list[str], charset: str) -> list[Item]:
    """The decoded parts: each by its own charset, else by the form's `_charset_`, else by that of the whole body. Rule:
    RFC 7578, 4.6."""
    declared = form.get("_charset_", charset)
    usual = declared if isinstance(declared, str) else charset
    items: list[Item] = []
    for (name, value), own in zip(form.multi_items(), charsets, strict=True):
        content = await value.read() if isinstance(value, UploadFile) else _text(value, own or usual)
        items.append((_text(name, usual), content))
    return items


def _text(content: str, charset: str) -> str:
    try:
        return content.encode(_BYTES).decode(_encoding(charset))
    except UnicodeDecodeError:
        raise _undecodable(charset) from None


def _encoding(charset: str) -> str:
    encoding = _ENCODINGS.get(charset.strip().lower())
    if encoding is None:
        raise _undecodable(charset)
    return encoding


def _undecodable(charset: str) -> Refused:
    charset_name = charset.strip()[:40] or "UTF-8"
    en = f"the form cannot be read as {charset_name}: send UTF-8"
    return _unreadable(en, f"表单无法按 {charset_name} 解码：请使用 UTF-8 编码", f"{FORMS[0]}; charset=utf-8")


def _unreadable(en: str, zh: str, example: str | None = None) -> Refused:
    return Refused(Code.UNREADABLE, en, zh, (FieldError("Content-Type", zh, en, example),))
