"""Where messages go; what a sink keeps for itself never tells the whole address."""

import fcntl
import json
import os
import re
from pathlib import Path
from typing import Final, Protocol

import structlog

from services.feedback.notifications.messages import Message
from services.feedback.notifications.recipients import Recipient

log = structlog.get_logger()
_LINK: Final = re.compile(r"https?://[^\s，。；！？、）】」]+")


class Rejected(Exception):
    """The sink will never take this message; it certainly did not go out."""


class OutcomeUnknown(Exception):
    """The message may have gone out or not, for instance because a gateway did not answer in time."""


class Sink(Protocol):
    """Takes messages.

    Raises `OSError` when it takes nothing now and the message certainly did not go out: it is tried again. Raises
    `Rejected` for a message that it will never take, and `OutcomeUnknown` when nobody can know: neither is repeated.
    """

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
        """Append a whole line or nothing, and close; the line is there when this returns."""
        told = {
            "id": str(message.id),
            "to": to.masked,
            "by": to.means,
            "demand_id": str(message.demand_id),
            "template": message.template,
            "body": message.body,
        }
        line = json.dumps(told, ensure_ascii=False).encode() + b"\n"
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _append(file, line)
        finally:
            os.close(file)


def _append(file: int, line: bytes) -> None:
    """A full disk may take half a line: that half is removed, so that the line can be written again."""
    size = os.fstat(file).st_size
    # The half line of a process that was killed must not spoil the next one.
    torn = bool(size) and os.pread(file, 1, size - 1) != b"\n"
    rest = memoryview(b"\n" + line if torn else line)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
    except OSError:
        os.ftruncate(file, size)
        raise
