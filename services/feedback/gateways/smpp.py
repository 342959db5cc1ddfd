"""Text messages by SMPP 3.4: in Chinese, in as many parts as they need, with their delivery receipts."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from services.feedback.gateways.declared_sms import Smpp
from services.feedback.gateways.inbound_texts import InboundText, IntakeUnavailable, UnreadableText
from services.feedback.gateways.recipients import Recipient
from services.feedback.gateways.sender_turns import Turns
from services.feedback.gateways.smpp_connection import NoAnswer, NotBound, SmppConnection
from services.feedback.gateways.smpp_outcomes import in_part, outcome_of
from services.feedback.gateways.smpp_pdus import (
    Address,
    CommandId,
    Delivered,
    Pdu,
    delivered,
    id_of,
    parts_of,
    receipt_of,
    submit_body,
)
from services.feedback.gateways.text_messages import rejection_cause, words_of
from shared.chassis.base.clock import uuid7
from shared.chassis.database.pool import PASSING
from shared.chassis.work.intent_reports import DeliveryReport
from shared.chassis.work.intents import Intent, IntentState, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown

log = structlog.get_logger()
_STATES: Final = {
    "DELIVRD": IntentState.DELIVERED, **dict.fromkeys(("EXPIRED", "DELETED", "UNDELIV", "REJECTD"), IntentState.FAILED)
}  # fmt: skip
_TAKEN: Final = 0x00
_NOT_NOW: Final = 0x64
_NOT_EVER: Final = 0x66
_REMEMBERED: Final = 10_000
_PAUSE, _LONGEST_PAUSE, _TRIES = 1.0, 30.0, 3
TakeReport = Callable[[DeliveryReport], Awaitable[bool]]
"""Stores a report; returns False if its message is not known."""
TakeText = Callable[[InboundText], Awaitable[None]]


class SmppGateway:
    """Sends by one bind, which is made when there is something to send and again when it is lost.

    Delivery receipts and texts of people come on the same bind: `take_report` and `take_text` are called with them. If
    one of these raises, the centre is told to send again.
    """

    def __init__(self, name: str, declared: Smpp, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.name, self.at_once = name, declared.at_once
        self.channel = declared.channel
        self.take_report: TakeReport | None = None
        self.take_text: TakeText | None = None
        self._declared, self._pause = declared, pause
        self._connection: SmppConnection | None = None
        self._binding = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._recent: OrderedDict[str, UUID] = OrderedDict()
        """Our ids by the ids of the centre: a receipt may come before the answer was stored."""
        self._in_hand = 0
        self._turns = Turns()
        self._long = 0

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Send all parts in order. If only some parts were accepted, or one was not answered, the outcome is
        unknown."""
        self._in_hand += 1
        try:
            return await self._in_parts(intent, recipient)
        finally:
            self._in_hand -= 1

    async def _in_parts(self, intent: Intent, recipient: Recipient) -> Outcome:
        if refused := rejection_cause(self.name, self._declared, intent):
            return Rejected(refused)
        self._long += 1
        parts = parts_of(words_of(self._declared, intent), self._declared.long, self._long)
        try:
            connection = await self._bound()
        except NotBound as fault:
            return RetryLater(f"{self.name}: {fault}")
        reference = ""
        for number, part in enumerate(parts, 1):
            try:
                answer = await self._submit(connection, recipient, part, last=number == len(parts), first=number == 1)
            except NotBound as fault:
                return in_part(number, len(parts), RetryLater(f"{self.name}: {fault}"))
            except NoAnswer as fault:
                return Unknown(f"{self.name} gave no answer: {fault}")
            if answer.status or answer.command == CommandId.NACK:
                return in_part(number, len(parts), outcome_of(answer.status, self._declared))
            reference = self._reference(id_of(answer.body))
            self._remember(reference, intent.id)
        return Sent(reference)

    async def listen(self) -> None:
        """Keep a bind even if nothing is sent, because people may write at any time; runs until cancelled."""
        pause = _PAUSE
        while True:
            try:
                connection = await self._bound()
                pause = _PAUSE
                await connection.ended.wait()
            except NotBound as fault:
                log.warning("not connected to the message centre", gateway=self.name, cause=str(fault), seconds=pause)
            await self._pause(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def close(self) -> None:
        """Unbind."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._connection:
            await self._connection.close()

    async def _submit(
        self, connection: SmppConnection, recipient: Recipient, part: tuple[int, bytes, bytes], last: bool, first: bool
    ) -> Pdu:
        """Send one part and return the outcome. If a later part is refused because there are too many a second, it is
        tried again, because the first ones are on their way."""
        declaration = self._declared
        source = Address(declaration.source, declaration.source_ton, declaration.source_npi)
        number = "".join(filter(str.isdigit, recipient.address))
        to = Address(declaration.country + number, declaration.to_ton, declaration.to_npi)
        wanted = 0 if not declaration.receipts else 1 if last else 2
        body = submit_body(source, to, part, wanted)
        answer = await connection.ask(CommandId.SUBMIT, body)
        for _ in range(0 if first else _TRIES):
            if not isinstance(outcome_of(answer.status, declaration), RetryLater | TryAgain):
                break
            await self._pause(_PAUSE)
            answer = await connection.ask(CommandId.SUBMIT, body)
        return answer

    async def _bound(self) -> SmppConnection:
        async with self._binding:
            if self._connection is None or self._connection.ended.is_set():
                self._connection = await SmppConnection.bound(self._declared, partial(self._delivered, uuid7()))
                if self._keeping is None or self._keeping.done():
                    self._keeping = asyncio.create_task(self._keep())
            return self._connection

    async def _keep(self) -> None:
        """Bind again when the bind is lost, because receipts wait at the centre."""
        pause = _PAUSE
        while connection := self._connection:
            await connection.ended.wait()
            await self._pause(pause)
            try:
                await self._bound()
                pause = _PAUSE
            except NotBound as fault:
                pause = min(pause * 2, _LONGEST_PAUSE)
                log.warning("not connected to the message centre", gateway=self.name, cause=str(fault), seconds=pause)

    async def _delivered(self, bind: UUID, body: bytes) -> int:
        """Handle a message of the centre; returns the status to answer with."""
        try:
            message = delivered(body)
        except ValueError as fault:
            log.warning("the message centre sent a PDU that cannot be read", gateway=self.name, cause=str(fault))
            return _NOT_EVER
        if message.is_words:
            return await self._spoken(bind, message)
        return await self._reported(message) if message.is_receipt else _TAKEN

    async def _spoken(self, bind: UUID, message: Delivered) -> int:
        if self.take_text is None or not self.channel:
            log.warning(
                "a text message came by SMPP, but this gateway has no channel for it: set `channel`", gateway=self.name
            )
            return _NOT_EVER
        text = InboundText(self.name, self.channel, bind, message.sender, message.headed, message.charset)
        try:
            async with self._turns.take(message.sender):
                await self.take_text(text)
        except UnreadableText as fault:
            log.error("a text message is lost: intake cannot read it", gateway=self.name, cause=str(fault))
            return _NOT_EVER
        except (IntakeUnavailable, *PASSING) as fault:  # the centre keeps it, and sends it again
            log.warning("a text message is not handed to intake yet", gateway=self.name, cause=repr(fault))
            return _NOT_NOW
        return _TAKEN

    async def _reported(self, message: Delivered) -> int:
        receipt = receipt_of(message)
        state = _STATES.get(receipt.state)
        if state is None or not receipt.id or self.take_report is None:
            return _TAKEN
        report = DeliveryReport(
            self.name, self._recent.get(receipt.id), receipt.id, state, f"{receipt.state} {receipt.error}"
        )
        try:
            is_known = await self.take_report(report)
        except PASSING as fault:  # the centre sends it again
            log.warning("a receipt is not stored yet", gateway=self.name, cause=repr(fault))
            return _NOT_NOW
        if not is_known and self._in_hand:  # it may be of a message whose answer has not arrived; it comes again
            return _NOT_NOW
        if not is_known:
            log.warning("a delivery report for an unknown message", gateway=self.name, why=report.state)
        return _TAKEN

    def _reference(self, id: str) -> str:
        """The id in the form that the receipt has."""
        if self._declared.receipt_ids == "decimal":
            try:
                return str(int(id, 16))
            except ValueError:
                return id
        return id

    def _remember(self, reference: str, id: UUID) -> None:
        self._recent[reference] = id
        while len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
