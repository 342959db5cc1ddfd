"""A proxy between a client and a server, which can stop passing data on, like a broken network connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Line:
    """A connection to a server; clear `whole` to interrupt it. Neither side notices: both stay connected."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.whole = asyncio.Event()
        self.whole.set()
        self.port = 0

    def leads_to(self, host: str, port: int) -> None:
        """New connections go to this server from now on; open ones stay."""
        self._host, self._port = host, port

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client."""
        there, back = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(self._pass(reader, back), self._pass(there, writer), return_exceptions=True)
        for end in (writer, back):
            end.close()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            await self.whole.wait()
            sink.write(data)
            await sink.drain()
        sink.write_eof()


@asynccontextmanager
async def line_to(host: str, port: int) -> AsyncIterator[Line]:
    """A working line, on its own port."""
    line = Line(host, port)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        line.whole.set()
        server.close()
