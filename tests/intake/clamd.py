"""A test server with clamd's INSTREAM command as in clamd(8), which finds a given signature."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

EVIL = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
    content = b""
    while size := struct.unpack(">I", await reader.readexactly(4))[0]:
        content += await reader.readexactly(size)
    writer.write(b"stream: Eicar-Test-Signature FOUND\0" if EVIL in content else b"stream: OK\0")
    await writer.drain()
    writer.close()


@asynccontextmanager
async def clamd(socket: Path | None = None) -> AsyncIterator[str]:
    """The address of a listening server, over TCP or on a socket."""
    if socket:
        server = await asyncio.start_unix_server(_answer, socket)
        address = f"unix://{socket}"
    else:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield address
