"""Where the bytes of attachments lie: a folder of this machine; an S3-compatible service is `bucket.py`."""

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from shared.contracts.refusals import Code, Refused

_KEY: Final = re.compile(r"[0-9a-f]{64}/[0-9A-Za-z_-]{16,64}")


class Lost(RuntimeError):
    """The store has no bytes, or others than were kept, under a key that it was given: a fault, no answer."""


class Store(Protocol):
    """Bytes by key, `SHA-256/reference`: nothing is shared, so that removing one never takes another's."""

    async def put(self, key: str, content: bytes) -> None: ...

    async def get(self, key: str) -> bytes: ...

    async def remove(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder; a file appears whole or not at all."""

    folder: Path

    async def put(self, key: str, content: bytes) -> None:
        """Write beside, flush, rename."""
        try:
            await asyncio.to_thread(_write, self._path(key), content)
        except OSError as fault:
            raise away(f"{fault.strerror}") from fault

    async def get(self, key: str) -> bytes:
        """The bytes."""
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError:
            raise Lost(key) from None

    async def remove(self, key: str) -> None:
        """Remove; gone already is gone."""
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        digest, _, name = checked(key).partition("/")
        return self.folder / digest[:2] / digest / name


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def checked(key: str) -> str:
    """The key, if it is one; raises `ValueError`."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is no key of an attachment")
    return key


def away(reason: str) -> Refused:
    """That the store does not work, and why."""
    return Refused(
        Code.UNAVAILABLE,
        f"the store of attachments does not work ({reason}); nothing was done, try again later",
        "附件存储暂时不可用，请稍后重试",
    )


class NoStore:
    """None is configured: nothing can be attached."""

    async def put(self, key: str, content: bytes) -> None:
        """Say what to set."""
        raise away("set HUYING_ATTACHMENTS_FOLDER or HUYING_ATTACHMENTS_S3_URL")

    async def get(self, key: str) -> bytes:
        """Nothing was ever kept here."""
        raise Lost(key)

    async def remove(self, key: str) -> None:
        """What is to be removed lies in a store that this process was not told of."""
        raise away("set HUYING_ATTACHMENTS_FOLDER or HUYING_ATTACHMENTS_S3_URL")
