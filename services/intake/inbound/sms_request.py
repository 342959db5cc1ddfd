"""What a gateway asks with: address and form, the text in the charset that the channel's gateway writes."""

from codecs import getincrementaldecoder
from urllib.parse import parse_qsl

from fastapi import Request

from services.intake.registry import ChannelSettings
from shared.contracts.refusals import Code, FieldError, Refused


async def parameters(request: Request, names: ChannelSettings) -> dict[str, str]:
    """By name; raises `Refused` where the text is in another charset."""
    found = _read(request.scope["query_string"], names)
    if request.method != "POST":
        return found
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await request.form()
        return found | {name: value for name, value in form.items() if isinstance(value, str)}
    return found | _read(await request.body(), names)


def _read(written: bytes, names: ChannelSettings) -> dict[str, str]:
    pairs = parse_qsl(written.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    raw = {name: value.encode("latin-1") for name, value in pairs}
    return {
        name: _text(value, names) if name == names.sms_text else value.decode("utf-8", "replace")
        for name, value in raw.items()
    }


def _text(written: bytes, names: ChannelSettings) -> str:
    try:
        # Not to its end: gateways cut long messages within a character.
        return getincrementaldecoder(names.sms_charset)().decode(written)
    except UnicodeDecodeError:
        en = f"is no {names.sms_charset}: name the gateway's charset with `huying channel set … sms_charset=gb18030`"
        zh = f"不是 {names.sms_charset} 编码，请用 huying channel set … sms_charset=gb18030 设置网关所用编码"
        error = FieldError(names.sms_text, zh, en)
        raise Refused(Code.INVALID, f"{error.field} {en}", f"{error.field} {zh}", (error,)) from None
