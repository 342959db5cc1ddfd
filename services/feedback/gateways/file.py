"""Messages are appended to a file as JSON lines, which its owner alone may read: it holds the links."""

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
    """A file, opened anew for each message; what it keeps never tells the whole address."""

    name = "file"
    at_once = 16

    def __init__(self, path: Path, clock: Callable[[], datetime] = now) -> None:
        self._path, self._clock = path, clock

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Append a whole line or nothing; the line is there when this returns. A disk that is full waits for room."""
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
        """There is nothing to close."""

    def _write(self, line: bytes) -> None:
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
