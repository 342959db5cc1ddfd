"""Where messages go; what a sink keeps for itself never tells the whole address."""

import json
import os
import re
from pathlib import Path
from typing import Final, Protocol

import structlog

from services.feedback.messages import Message
from services.feedback.recipients import Recipient

log = structlog.get_logger()
_LINK: Final = re.compile(r"https?://[^\s，。；！？、）】」]+")


class Sink(Protocol):
    """Raises `OSError` when the message certainly did not go out."""

    name: str

    def write(self, message: Message, to: Recipient) -> None: ...


class LogSink:
    """Messages appear in the log, without the link: whoever has it rates for the citizen."""

    name = "console"

    def write(self, message: Message, to: Recipient) -> None:
        """One line."""
        log.info(
            "message", to=to.masked, by=to.means, template=message.template, body=_LINK.sub("［链接］", message.body)
        )


class FileSink:
    """Messages are appended to a file as JSON lines, which its owner alone may read: it holds the links."""

    name = "file"

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, message: Message, to: Recipient) -> None:
        """Append and close, so that the line is there when this returns."""
        told = {
            "id": str(message.id),
            "to": to.masked,
            "by": to.means,
            "demand_id": str(message.demand_id),
            "template": message.template,
            "body": message.body,
        }
        with open(self._path, "a", encoding="utf-8", opener=_private) as lines:
            lines.write(json.dumps(told, ensure_ascii=False) + "\n")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
