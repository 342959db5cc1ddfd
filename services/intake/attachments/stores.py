"""Stores the bytes of attachments in a folder of this machine; for an S3-compatible service see `bucket.py`."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from shared.contracts.refusals import Code, Refused

_KEY: Final = re.compile(r"[0-9a-f]{64}/[0-9A-Za-z_-]{16,64}")


class Lost(RuntimeError):
    """The store has no bytes, or other bytes than were stored, under a key: a fault, not an answer."""


class Store(Protocol):
    """A store of bytes by key, `SHA-256/reference`: no two files share a key, so removing one never removes another."""

    async def put(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str) -> bytes: ...

    async def remove(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class FolderStore:
    """Stores files in a folder; a file appears only when it is complete."""

    folder: Path

    async def put(self, key: str, content: bytes) -> None:
        """Write a temporary file, flush it and rename it."""
        try:
            await asyncio.to_thread(_write, self._path(key), content)
        except OSError as fault:
            raise away(f"{fault.strerror}") from fault

    async def get(self, key: str) -> bytes:
        """The content of a file."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            raise Lost(key) from None

    async def remove(self, key: str) -> None:
        """Remove a file; a missing file is no error."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        digest, _, name = checked(key).partition("/")
        return self.folder / digest[:2] / digest / name


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def checked(key: str) -> str:
    """The key, if it is well formed; raises `ValueError`."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not the key of an attachment")
    return key


def away(reason: str) -> Refused:
    """The refusal of a store that does not work, with the reason."""
    return Refused(
        Code.UNAVAILABLE,
        f"the storage of attachments does not work ({reason}); nothing was changed, try again later",
        "附件存储暂时不可用，请稍后重试",
    )


class NoStore:
    """Used if no store is configured: nothing can be attached."""

    async def put(self, key: str, content: bytes) -> None:
        """Raise `Refused`, which says which setting is missing."""
        raise away("set HUYING_ATTACHMENTS_FOLDER or HUYING_ATTACHMENTS_S3_URL")

    async def get(self, key: str) -> bytes:
        """Raise `Refused`: nothing was stored."""
        raise Lost(key)

    async def remove(self, key: str) -> None:
        """Raise `Refused`: the file lies in a store that this process does not know."""
        raise away("set HUYING_ATTACHMENTS_FOLDER or HUYING_ATTACHMENTS_S3_URL")
