"""Where messages go; what a sink keeps for itself never tells the whole address."""

import json
from pathlib import Path
from typing import Protocol

import structlog

from services.feedback.messages import Message
from services.feedback.recipients import Recipient

log = structlog.get_logger()


class Sink(Protocol):
    """Raises `OSError` when the message certainly did not go out."""

    name: str

    def write(self, message: Message, to: Recipient) -> None: ...


class LogSink:
    """Messages appear in the log: for trying."""

    name = "console"

    def write(self, message: Message, to: Recipient) -> None:
        """One line."""
        log.info("message", to=to.masked, by=to.means, template=message.template, body=message.body)


class FileSink:
    """Messages are appended to a file as JSON lines."""

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
        with self._path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(told, ensure_ascii=False) + "\n")
