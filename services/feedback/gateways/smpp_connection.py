"""One SMPP bind with a message centre: requests and answers, keep-alive, and messages that the centre sends."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog

from services.feedback.gateways.declared_sms import Smpp
from services.feedback.gateways.smpp_pdus import ANSWER, CommandId, Pdu, bind_body, decoded, length_of

log = structlog.get_logger()
NOT_TAKEN: Final = 0x03
"""ESME_RINVCMDID: we do not know this command."""
BINDS: Final = {"transceiver": CommandId.BIND_TRANSCEIVER, "transmitter": CommandId.BIND_TRANSMITTER}
Delivered = Callable[[bytes], Awaitable[int]]


class NotBound(Exception):
    """There is no bind, so nothing was sent."""


class NoAnswer(Exception):
    """The centre did not answer: nobody knows whether it accepted the message."""


class SmppConnection:
    """A bound connection. `delivered` handles a message of the centre and returns the status to answer with."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, declaration: Smpp, delivered: Delivered
    ) -> None:
        self._reader, self._writer, self._declaration, self._delivered = reader, writer, declaration, delivered
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._sequence = 0
        self.ended = asyncio.Event()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._enquire())]

    @classmethod
    async def bound(cls, declaration: Smpp, delivered: Delivered) -> "SmppConnection":
        """Connect and bind; raises `NotBound` with the reason."""
        context = ssl.create_default_context(cafile=declaration.ca_file) if declaration.security == "tls" else None
        try:
            async with asyncio.timeout(min(declaration.timeout, 5.0)):
                reader, writer = await asyncio.open_connection(declaration.host, declaration.port, ssl=context)
        except (OSError, TimeoutError) as fault:
            raise NotBound(f"it cannot be reached: {type(fault).__name__}") from None
        connection = cls(reader, writer, declaration, delivered)
        secret = declaration.password.get_secret_value()
        try:
            body = bind_body(declaration.system_id, secret, declaration.system_type)
            answer = await connection.ask(BINDS[declaration.bind], body)
        except (NoAnswer, NotBound):
            await connection.close()
            raise NotBound("it does not answer the bind") from None
        except asyncio.CancelledError:
            await connection.close()
            raise
        if answer.status:
            await connection.close()
            raise NotBound(f"it refuses the bind: {answer.status:#x}")
        return connection

    async def ask(self, command: int, body: bytes = b"") -> Pdu:
        """Send a command and return the answer. Raises `NotBound` if nothing was sent, and `NoAnswer`."""
        if self.ended.is_set():
            raise NotBound("the connection ended")
        self._sequence = self._sequence % 0x7FFFFFFF + 1
        sequence = self._sequence
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = answer
        try:
            self._writer.write(Pdu(command, 0, sequence, body).encoded())
            async with asyncio.timeout(self._declaration.timeout):
                await self._writer.drain()
                return await answer
        except (OSError, TimeoutError) as fault:
            raise NoAnswer(type(fault).__name__) from None
        finally:
            self._waiting.pop(sequence, None)

    async def close(self) -> None:
        """Unbind, and close the connection even if the centre does not answer."""
        if not self.ended.is_set():
            with suppress(NoAnswer, NotBound, TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.ask(CommandId.UNBIND)
        self._end()
        for task in (*self._tasks, *self._answering):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._answering, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while True:
                start = await self._reader.readexactly(4)
                pdu = decoded(start + await self._reader.readexactly(length_of(start) - len(start)))
                if pdu.command & ANSWER:
                    waiting = self._waiting.get(pdu.sequence)
                    if waiting and not waiting.done():
                        waiting.set_result(pdu)
                else:
                    task = asyncio.create_task(self._answer(pdu))
                    self._answering.add(task)
                    task.add_done_callback(self._answering.discard)
        except (OSError, EOFError, ValueError) as fault:
            log.info("the message centre closed the connection", cause=repr(fault))
        finally:
            self._end()

    async def _answer(self, request: Pdu) -> None:
        """Answer a request of the centre. A receipt is answered only after it was stored, so that it comes again
        otherwise."""
        match request.command:
            case CommandId.DELIVER:
                status, body = await self._delivered(request.body), b"\0"
            case CommandId.ENQUIRE | CommandId.UNBIND:
                status, body = 0, b""
            case _:
                status, body = NOT_TAKEN, b""
        command = CommandId.NACK if status == NOT_TAKEN else request.command | ANSWER
        with suppress(OSError):
            self._writer.write(Pdu(command, status, request.sequence, body).encoded())
            await self._writer.drain()
        if request.command == CommandId.UNBIND:
            self._end()

    async def _enquire(self) -> None:
        """Send keep-alive requests; close the connection if the centre does not answer."""
        while True:
            await asyncio.sleep(self._declaration.enquire_every)
            try:
                await self.ask(CommandId.ENQUIRE)
            except (NoAnswer, NotBound) as fault:
                log.warning("the message centre does not answer any more", cause=str(fault))
                self._end()
                return

    def _end(self) -> None:
        self.ended.set()
        self._writer.close()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError("the connection ended"))
