"""Parses a callback's XML tolerantly, because its texts may contain characters that XML does not allow; no message is
lost for that."""

import re
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from services.intake.inbound.charsets import Decoded, read

_LINE_ENDS: Final = re.compile(r"[\x0b\x0c]")
# The characters that XML 1.0 does not allow, literally or as numeric references.
_FORBIDDEN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBERED: Final = re.compile(r"&#(?:x([0-9a-f]{1,8})|([0-9]{1,8}));", re.IGNORECASE)
_CDATA: Final = re.compile(r"\s*<!\[CDATA\[(.*)\]\]>\s*", re.DOTALL)
_NAMES: Final = (
    *("ToUserName", "FromUserName", "CreateTime", "MsgType", "MsgId", "Content", "Recognition", "PicUrl", "MediaId"),
    *("Location_X", "Location_Y", "Label", "Encrypt"),
)
_ROOT: Final = re.compile(r"\s*(?:<\?xml[^>]*\?>)?\s*<xml>(.*)</xml>\s*", re.DOTALL)


def parts(body: bytes) -> tuple[dict[str, str], Decoded]:
    """The texts of the elements by their names, and how the bytes were decoded; raises `ValueError` if it is no
    callback."""
    reading = read(body)
    text = _NUMBERED.sub(_allowed, _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", reading.text)))
    fields = _parsed(text)
    if not fields:
        raise ValueError("no part of a callback")
    return fields, reading


def _parsed(text: str) -> dict[str, str]:
    try:
        return {child.tag: child.text for child in ElementTree.fromstring(text) if child.text}
    except ParseError:
        root = _ROOT.fullmatch(text)
        return _torn(root[1]) if root else {}
    except DefusedXmlException as fault:
        raise ValueError("XML with a document type") from fault


def _torn(text: str) -> dict[str, str]:
    """The elements of invalid XML, for example with a bare `<` or a `]]>` in a text: each from its first start to its
    last end, in linear time."""
    fields = {}
    for name in _NAMES:
        start, end = text.find(f"<{name}>"), text.rfind(f"</{name}>")
        if 0 <= start < end:
            contents = text[start + len(name) + 2 : end]
            wrapped = _CDATA.fullmatch(contents)
            fields[name] = wrapped[1] if wrapped else contents
    return fields


def _allowed(match: re.Match[str]) -> str:
    number = int(match[1], 16) if match[1] else int(match[2])
    is_allowed = number <= 0x10FFFF and not _FORBIDDEN.match(chr(number)) and number > 0
    return match[0] if is_allowed else ""
