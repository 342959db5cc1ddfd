"""Files with citizens' data: identified by a hash of their content, and readable only by their owner."""

import hashlib
import os
from pathlib import Path
from typing import IO


def fingerprint(path: Path) -> str:
    """SHA-256 of the content."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def shortened(fingerprint: str) -> str:
    """A short fingerprint that shows whether a file has changed. It is too short for guessing hidden content, and not
    a number for spreadsheet programs."""
    return f"sha256:{fingerprint[:6]}"


def private(path: Path, mode: str) -> IO[bytes]:
    """Open a file so that only its owner can read it, even if it existed before."""
    flags = os.O_CREAT | os.O_WRONLY | (os.O_APPEND if mode == "ab" else os.O_TRUNC)
    handle = os.open(path, flags, 0o600)
    os.fchmod(handle, 0o600)
    return os.fdopen(handle, mode)
