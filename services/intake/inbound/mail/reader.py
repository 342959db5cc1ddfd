"""Parses e-mails in a separate process, so that one that takes a minute delays no other; such a one is taken in as it
came."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog
from pydantic import TypeAdapter

from services.intake.inbound.mail.message import letter, unread_letter
from services.intake.inbound.message import InboundMessage
from shared.chassis.sandbox.sandbox import Sandbox, Unfinished

log = structlog.get_logger()
SECONDS: Final = 15.0
MEMORY: Final = 1_610_612_736
_JOB: Final = "services.intake.inbound.mail.reader:read"
_TOO_LONG: Final = "处理时间过长 / reading it takes too long"
_MESSAGE: Final = TypeAdapter(InboundMessage)


def read(frames: Sequence[bytes]) -> list[bytes]:
    """The job of that process: takes the e-mail, its sender and the mailbox; returns the message and its files, or
    nothing for an e-mail that a program sent."""
    content, mail_from, mailbox = frames
    message = letter(content, mail_from.decode(), mailbox.decode())
    return [_MESSAGE.dump_json(replace(message, files=())), *message.files] if message else []


@dataclass(frozen=True, slots=True)
class LetterReader:
    """Parses one e-mail after the other."""

    sandbox: Sandbox = field(default_factory=lambda: Sandbox(_JOB, SECONDS, MEMORY))

    async def read(self, content: bytes, mail_from: str, mailbox: str) -> InboundMessage | None:
        """The message of an e-mail; None if a program sent it."""
        try:
            frames = await self.sandbox(content, mail_from.encode("utf-8", "replace"), mailbox.encode())
        except Unfinished as fault:
            log.warning("an e-mail takes too much time or memory to read", bytes=len(content), cause=str(fault))
            return await asyncio.to_thread(unread_letter, content, mail_from, mailbox, _TOO_LONG)
        return replace(_MESSAGE.validate_json(frames[0]), files=tuple(frames[1:])) if frames else None
