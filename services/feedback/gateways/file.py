"""Appends messages to a file as JSON lines. Only its owner may read the file, because it holds the links."""

import fcntl
import json
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from services.feedback.gateways.recipients import Recipient
from shared.chassis.base.clock import now
from shared.chassis.work.intents import Intent, Outcome, RetryLater, Sent


class FileGateway:
    """Appends to a file that is opened for each message. The file never holds a whole address."""

    name = "file"
    at_once = 16

    def __init__(self, path: Path, clock: Callable[[], datetime] = now) -> None:
        self._path, self._clock = path, clock

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Append a whole line or nothing; when this returns, the line is on the disk. If the disk is full, the message
        waits."""
        record = {
            "id": str(intent.id),
            "at": self._clock().isoformat(timespec="seconds"),
            "to": recipient.masked,
            "by": recipient.means,
            "demand_id": str(intent.key),
            "template": intent.body["template"],
            "body": intent.body["text"],
        }
        try:
            self._write(json.dumps(record, ensure_ascii=False).encode() + b"\n")
        except OSError as fault:
            return RetryLater(str(fault))
        return Sent()

    async def close(self) -> None:
        """Nothing has to be closed."""

    def _write(self, line: bytes) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _append(file, line)
        finally:
            os.close(file)


def _append(file: int, line: bytes) -> None:
    """Append a line. If a full disk takes only part of it, that part is removed, so that the line can be written
    again."""
    size = os.fstat(file).st_size
    # A process that was killed may have left part of a line: a new line keeps it apart from this one.
    torn = bool(size) and os.pread(file, 1, size - 1) != b"\n"
    remaining = memoryview(b"\n" + line if torn else line)
    try:
        while remaining:
            remaining = remaining[os.write(file, remaining) :]
    except OSError:
        os.ftruncate(file, size)
        raise
