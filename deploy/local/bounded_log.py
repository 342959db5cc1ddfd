"""The log file of a child process: it is rotated when it is full, and one old file is kept."""

import contextlib
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Final

FULL: Final = 16_000_000


@dataclass(slots=True)
class BoundedLog:
    """Two files of at most `full` bytes each. If the disk is full, lines are lost, but the child goes on."""

    path: Path
    full: int = FULL
    _out: IO[bytes] | None = field(default=None)

    def write(self, output: bytes) -> None:
        """Append the output; it is lost if the file cannot be written."""
        with contextlib.suppress(OSError):
            if self._out is None:
                self._out = self._open()
            if self._out.tell() and self._out.tell() + len(output) > self.full:
                self.close()
                self.path.replace(self.path.with_suffix(".1.log"))
                self._out = self._open()
            self._out.write(output)

    def _open(self) -> IO[bytes]:
        """Open the file so that only its owner can read it: a log may name people."""
        file = open(self.path, "ab", buffering=0, opener=partial(os.open, mode=0o600))  # noqa: SIM115
        os.chmod(file.fileno(), 0o600)  # the file may come from an older version with wider permissions
        return file

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._out:
            self._out.close()
        self._out = None
