"""Parses the requests of gateways: URL parameters, a form, or JSON with one message or many; values stay bytes until
they are decoded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import Request

from services.intake.channels.gateway_settings import ChannelSettings
from services.intake.inbound.charsets import Decoded, read
from services.intake.inbound.sms.parts import TextPart, counted, split
from shared.contracts.refusals import Code, FieldError, Refused

MAX_MESSAGES: Final = 500


@dataclass(frozen=True, slots=True)
class ParsedMessages:
    """The messages of a request, by the gateway's own names; each value as bytes, those of JSON in UTF-8."""

    messages: tuple[Mapping[str, bytes], ...]
    is_json: bool = False
    body: Decoded | None = None


@dataclass(frozen=True, slots=True)
class Sms:
    """One message, by the channel's names. A message without a sender continues no conversation."""

    sender: str
    reference: str
    words: "DecodedText"


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The decoded text of a message, and which part of a long message it is; None if it is a whole one."""

    reading: Decoded
    part: TextPart | None = None


def fields(content: bytes) -> dict[str, bytes]:
    """The parameters of a query or a form."""
    pairs = parse_qsl(content.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return {name: value.encode("latin-1") for name, value in pairs}


async def parse_messages(request: Request, query: Mapping[str, bytes], names: ChannelSettings) -> ParsedMessages:
    """All messages of a request; raises `Refused` if it has none."""
    if request.method != "POST":
        return ParsedMessages((query,))
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await request.form()
        return ParsedMessages(
            ({**query, **{name: _bytes(value) for name, value in form.items() if isinstance(value, str)}},)
        )
    body = await request.body()
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        reading = read(body)
        items = _items(_parsed(reading.text), names)
        return ParsedMessages(tuple({**query, **_scalars(item)} for item in items), True, reading)
    return ParsedMessages(({**query, **fields(body)},))


def words(message: Mapping[str, bytes], posted: ParsedMessages, names: ChannelSettings) -> DecodedText:
    """The text in any charset, and which part it is: by its header, or by the gateway's parameters."""
    text = _text(message, posted, names)
    return text if text.part else replace(text, part=_part_of(message, names))


def _part_of(message: Mapping[str, bytes], names: ChannelSettings) -> TextPart | None:
    header = message.get(names.sms_udh, b"")
    part = split(header)[0] or split(_unhexed(header)[0])[0]
    if part or not (names.sms_part_reference and names.sms_part_number and names.sms_part_total):
        return part
    counters = (names.sms_part_reference, names.sms_part_number, names.sms_part_total)
    return counted(*(message.get(name, b"").decode("utf-8", "replace") for name in counters))


def _text(message: Mapping[str, bytes], posted: ParsedMessages, names: ChannelSettings) -> DecodedText:
    content, charset = message[names.sms_text], names.sms_charset
    if names.sms_encoding == "hex":
        content, is_hex = _unhexed(content)
        charset = charset if is_hex else "utf-8"
    elif posted.body:
        return DecodedText(_of_body(content.decode(), posted.body))
    return words_in(content, charset)


def words_in(content: bytes, charset: str) -> DecodedText:
    """The text of one message from the network, which may be a part with a header."""
    part, content = split(content)
    # The end may be incomplete, because gateways cut long messages within a character.
    return DecodedText(read(content, charset, cut=True), part)


def _of_body(text: str, body: Decoded) -> Decoded:
    """How one message of a body was decoded: like the whole body, but without the bytes of other messages."""
    return Decoded(text, body.charset, body.declared, body.doubtful, text.encode(body.charset, "replace"))


def _unhexed(content: bytes) -> tuple[bytes, bool]:
    """Decode hexadecimal text, which may be incomplete at its end; other text is returned as it is."""
    try:
        return bytes.fromhex(content[: len(content) // 2 * 2].decode("ascii")), True
    except ValueError:
        return content, False


def _bytes(value: str) -> bytes:
    """The bytes of a form's value: Python's parser decodes what is not UTF-8 as Latin-1."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "replace")


def _parsed(text: str) -> Any:
    try:
        # Not strict, because texts may have control characters; they are removed later, as for all gateways.
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise _no_list("the body is not JSON: send it in the form of the gateway's uplink messages") from None


def _items(payload: Any, names: ChannelSettings) -> list[dict[str, Any]]:
    """The messages of a body: the body itself, its list, or the only list in it."""
    if isinstance(payload, dict) and names.sms_text not in payload:
        lists = [value for value in payload.values() if isinstance(value, list)]
        payload = lists[0] if len(lists) == 1 else payload
    items = payload if isinstance(payload, list) else [payload]
    if not all(isinstance(item, dict) for item in items):
        raise _no_list("messages are JSON objects: send one, or a list of them")
    if len(items) > MAX_MESSAGES:
        raise _no_list(f"{len(items)} messages in one request are too many: send at most {MAX_MESSAGES}")
    return items


def _scalars(item: Mapping[str, Any]) -> dict[str, bytes]:
    return {
        name: str(value).encode("utf-8", "ignore")
        for name, value in item.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def _no_list(en: str) -> Refused:
    zh = "请求体应为短信网关上行推送的 JSON（一条消息或消息数组，最多 500 条）"
    return Refused(Code.UNREADABLE, en, zh, (FieldError("body", zh, en, '[{"from": "13800138000", "text": "…"}]'),))
