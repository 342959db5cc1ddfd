"""A response of the examined server, parsed as XML or JSON."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

SHOWN: Final = 160
_DECLARATION: Final = re.compile(r"^<\?xml.*?\?>")
Row = dict[str, str]


class Unreadable(Exception):
    """The response cannot be parsed as the rule needs it; the message says what came instead."""


class NotApplicable(Exception):
    """The rule cannot be examined at this server; the message says why."""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """A response."""

    asked: str
    status: int
    content_type: str
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the request succeeded."""
        return 200 <= self.status < 300

    def __str__(self) -> str:
        return f"{self.asked} → {self.status} {self.content_type or 'without a content type'}"

    @property
    def beginning(self) -> str:
        """The beginning of the body, as one line."""
        text = " ".join(self.body[: 8 * SHOWN].decode("utf-8", "replace").split())
        return _DECLARATION.sub("", text).strip()[:SHOWN]

    def xml(self) -> Element:
        """The root element; raises `Unreadable`."""
        try:
            root: Element = fromstring(self.body)
        except (ParseError, DefusedXmlException, ValueError) as fault:
            raise Unreadable(f"{self}: no XML ({fault}): {self.beginning}") from None
        return root

    def json(self) -> Any:
        """The JSON value; raises `Unreadable`."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as fault:
            raise Unreadable(f"{self}: no JSON ({fault}): {self.beginning}") from None

    def rows(self) -> list[Row]:
        """The children of an XML list, each as its elements' texts; raises `Unreadable` unless it succeeded."""
        if not self.ok:
            raise Unreadable(f"{self}: {self.beginning}")
        return [{child.tag: (child.text or "").strip() for child in item} for item in self.xml()]

    def objects(self) -> list[dict[str, Any]]:
        """The members of a JSON array; raises `Unreadable` if the value is not an array."""
        rows = self.json()
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
            return rows
        raise Unreadable(f"{self}: no bare array of objects: {self.beginning}")
