"""Renders documents as XML, or as JSON by the Spark convention (without the root); unknown values are left out of
both."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from xml.etree import ElementTree as ET

import orjson
from fastapi import Response

from services.intake.open311.documents import XmlDocument

_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot carry, not even escaped (section 2.2)."""


class Format(StrEnum):
    """Chosen by the suffix and by nothing else."""

    XML = "xml"
    JSON = "json"


MEDIA: Final = {Format.XML: "text/xml; charset=utf-8", Format.JSON: "application/json; charset=utf-8"}


def render(document: XmlDocument, format: Format) -> Response:
    """Render a single document."""
    if format is Format.JSON:
        return _response(orjson.dumps(_told(document)), format, 200)
    return _response(_xml(_element(document)), format, 200)


def render_list(
    kind: type[XmlDocument], documents: Sequence[XmlDocument], format: Format, status: int = 200
) -> Response:
    """Render a list of documents of one kind; it may be empty."""
    if format is Format.JSON:
        return _response(orjson.dumps([_told(document) for document in documents]), format, status)
    root = ET.Element(kind.listed)
    root.extend(_element(document) for document in documents)
    return _response(_xml(root), format, status)


def _told(document: XmlDocument) -> dict[str, Any]:
    """The fields of a document as plain values. A field without a value is left out, because clients show null as text
    or fail."""
    return document.model_dump(mode="json", exclude_none=True)


def _response(body: bytes, format: Format, status: int) -> Response:
    return Response(body, status, media_type=MEDIA[format])


def _xml(root: ET.Element) -> bytes:
    xml: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + xml


def _element(document: XmlDocument) -> ET.Element:
    element = ET.Element(document.root)
    for name, plain in _told(document).items():
        element.append(_child(name, getattr(document, name), plain))
    return element


def _child(name: str, value: object, plain: object) -> ET.Element:
    if isinstance(value, XmlDocument):
        return _element(value)
    child = ET.Element(name)
    if isinstance(value, tuple):
        child.extend(_element(one) if isinstance(one, XmlDocument) else _leaf(name[:-1], one) for one in value)
        return child
    return _leaf(name, plain)


def _leaf(name: str, plain: object) -> ET.Element:
    leaf = ET.Element(name)
    leaf.text = str(plain).lower() if isinstance(plain, bool) else _ILLEGAL.sub("", str(plain))
    return leaf
