"""A minimal HTTP/1.1 client with persistent connections, which uses little processor time."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(slots=True)
class Client:
    """One connection, for one request at a time; reopened if the server has closed it."""

    port: int
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def submit(self, body: bytes, headers: Mapping[str, str], path: str = "/v1/demands") -> bytes:
        """The body of the response; raises `RuntimeError` with the response if its status is not 201."""
        headers_sent = {"Host": HOST, "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers_sent.items())
        answer, told_back = await self._ask(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        if not answer.startswith(b"HTTP/1.1 201"):
            raise RuntimeError((answer + told_back).decode())
        return told_back

    async def _ask(self, request: bytes) -> tuple[bytes, bytes]:
        streams = self._streams
        reader, writer = self._streams = streams or await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            self._streams = None
            if streams is None:
                raise
            return await self._ask(request)
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return answer, await reader.readexactly(length)

    def close(self) -> None:
        """Close the connection."""
        if self._streams:
            self._streams[1].close()
