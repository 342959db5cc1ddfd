"""A front end that costs the machine little: HTTP/1.1 over connections that are kept, and nothing else."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

HOST = "127.0.0.1"


@dataclass(slots=True)
class Client:
    """One connection, for one request at a time; opened again where the server has closed it."""

    port: int
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def submit(self, body: bytes, headers: Mapping[str, str], path: str = "/v1/demands") -> bytes:
        """The body of the answer; raises `RuntimeError` with the answer when it is no 201."""
        told = {"Host": HOST, "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        answer, told_back = await self._ask(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        if not answer.startswith(b"HTTP/1.1 201"):
            raise RuntimeError((answer + told_back).decode())
        return told_back

    async def _ask(self, request: bytes) -> tuple[bytes, bytes]:
        kept = self._streams
        reader, writer = self._streams = kept or await asyncio.open_connection(HOST, self.port)
        try:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            self._streams = None
            if kept is None:
                raise
            return await self._ask(request)
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        return answer, await reader.readexactly(length)

    def close(self) -> None:
        """Hang up."""
        if self._streams:
            self._streams[1].close()
