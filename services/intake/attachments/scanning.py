"""Asks a virus scanner about a file before anything else reads it."""

import asyncio
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol
from urllib.parse import urlsplit

from services.intake.attachments.kinds import wrong
from shared.contracts.refusals import Code, Refused

CHUNK: Final = 65_536
PATIENCE: Final = 30.0


class Scan(StrEnum):
    """The result of a scan, as it is stored with the attachment."""

    CLEAN = "clean"
    NOT_SCANNED = "not-scanned"


class Scanner(Protocol):
    """A virus scanner; raises `Refused` if a file is infected or cannot be scanned."""

    async def scan(self, content: bytes) -> Scan: ...


class NoScanner:
    """Used if no scanner is configured; the result says so."""

    async def scan(self, content: bytes) -> Scan:
        """The result that no scanner was used."""
        return Scan.NOT_SCANNED


@dataclass(frozen=True, slots=True)
class ClamAV:
    """A client of clamd. Rule: clamd(8), command INSTREAM: chunks behind their length, ended by a length of 0."""

    address: str

    async def scan(self, content: bytes) -> Scan:
        """Scan a file, over one connection. If the scanner does not answer, the file is refused."""
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await self._ask(content)
        except (OSError, TimeoutError, EOFError) as fault:
            raise _away(repr(fault)) from None
        if reply.endswith("FOUND"):
            virus = reply.removeprefix("stream:").removesuffix("FOUND").strip()
            raise wrong(f"the virus scanner found {virus} in it", f"病毒扫描发现问题：{virus}")
        if not reply.endswith("OK"):
            raise _away(reply)
        return Scan.CLEAN

    async def _ask(self, content: bytes) -> str:
        reader, writer = await self._connect()
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(content), CHUNK):
                chunk = content[start : start + CHUNK]
                writer.write(struct.pack(">I", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack(">I", 0))
            return (await reader.readuntil(b"\0")).rstrip(b"\0").decode(errors="replace").strip()
        finally:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.address)
        if parts.scheme == "unix":
            return await asyncio.open_unix_connection(parts.path)
        return await asyncio.open_connection(parts.hostname, parts.port or 3310)


def _away(reply: str) -> Refused:
    return Refused(
        Code.UNAVAILABLE,
        f"the virus scanner does not answer ({reply}); nothing was stored, send the file again later",
        "病毒扫描服务暂时不可用，文件未保存，请稍后重新上传",
    )


def scanner_at(address: str) -> Scanner:
    """The client of the configured scanner."""
    return ClamAV(address) if address else NoScanner()
