"""A child's log file: begins anew when it is full, and keeps the one before it."""

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

FULL: Final = 16_000_000


@dataclass(slots=True)
class BoundedLog:
    """Two files of `full` bytes at most. A disk without room costs lines, never the child that writes them."""

    path: Path
    full: int = FULL
    _out: IO[bytes] | None = field(default=None)

    def write(self, said: bytes) -> None:
        """Append at once, or let it go."""
        with contextlib.suppress(OSError):
            if self._out is None:
                self._out = self.path.open("ab", buffering=0)
            if self._out.tell() and self._out.tell() + len(said) > self.full:
                self.close()
                self.path.replace(self.path.with_suffix(".1.log"))
                self._out = self.path.open("ab", buffering=0)
            self._out.write(said)

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        if self._out:
            self._out.close()
        self._out = None
