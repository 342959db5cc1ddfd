"""Handles text messages from all gateways; a long one once, when its parts have come or its waiting time is over."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from cryptography.exceptions import InvalidTag

from services.intake.channels.gateway_settings import ChannelGateway, GatewayRegistry
from services.intake.inbound import words
from services.intake.inbound.charsets import Decoded
from services.intake.inbound.conversation import Conversations, SenderReply
from services.intake.inbound.message import InboundMessage, named_first, readable
from services.intake.inbound.sms.parted_texts import Added, PartedState, PartedTexts
from services.intake.inbound.sms.parts import PartBytes, TextPart
from services.intake.inbound.sms.request import Sms
from services.intake.inbound.words import LanguageOf
from services.intake.vault.contact import Contact
from shared.chassis.database.pool import PASSING
from shared.chassis.work.periodic import every
from shared.contracts.refusals import Refused

log = structlog.get_logger()
EVERY: Final = 5.0
"""Seconds between two searches for long messages whose waiting time is over."""


@dataclass(frozen=True, slots=True)
class TextTaker:
    """Turns messages into demands, supplements or verdicts; `take` returns the text for the sender."""

    registry: GatewayRegistry
    conversations: Conversations
    parted: PartedTexts
    language_of: LanguageOf

    async def take(self, gateway: ChannelGateway, sms: Sms) -> str:
        """Handle a message, each once by its reference, sender and text. The answer is empty if more parts are to
        come."""
        reading, part = sms.words.reading, sms.words.part
        if part and sms.sender:
            return await self._take_part(gateway, sms, part)
        _look_at_charsets(gateway, reading)
        # Parts without a sender are not joined, because they may come from different people.
        message = self._message(sms.reference, sms.sender, reading.text).as_read(reading)
        return await self._reply_to(gateway, message.with_note(part.note if part else ""))

    async def run(self) -> None:
        """Take in messages whose waiting time is over, until cancelled."""
        await every(EVERY, self.take_due, "long text messages")

    async def take_due(self) -> None:
        """Take in long messages whose waiting time is over, and those that another process closed but did not take in.

        A message that cannot be taken in now does not hold up the others, and is tried again.
        """
        for text in await self.parted.claim_due():
            try:
                await self._take_whole(await self.registry.gateway(text.channel), text.id)
            except (Refused, InvalidTag, *PASSING) as fault:
                channel = text.channel
                log.error("a long text is not registered yet", channel=channel, key=str(text.id), cause=repr(fault))

    async def _take_part(self, gateway: ChannelGateway, sms: Sms, part: TextPart) -> str:
        added = await self._add(gateway, sms, part)
        if added.state is PartedState.LATE:
            await self._take_whole(gateway, added.text)  # another process may still be taking it in
            added = await self._add(gateway, sms, part)
        match added.state:
            case PartedState.WAITS:
                return ""
            case PartedState.TAKEN:
                return added.reply
            case PartedState.CLOSED:
                return await self._take_whole(gateway, added.text)
            case PartedState.LATE:
                return await self._take_late(gateway, sms, part, added)

    async def _add(self, gateway: ChannelGateway, sms: Sms, part: TextPart) -> Added:
        reading = sms.words.reading
        piece = PartBytes(part.number, reading.content, reading.declared or reading.charset)
        wait = timedelta(minutes=gateway.settings.sms_parts_minutes)
        return await self.parted.add(gateway.channel.id, sms.sender, part, piece, wait)

    async def _take_whole(self, gateway: ChannelGateway, id: UUID) -> str:
        """Take in a closed message. Its parts do not change any more, so another process that does the same creates
        nothing twice."""
        text = await self.parted.read(id)
        if text is None:
            return ""
        sender, joined = text
        _look_at_charsets(gateway, *joined.readings)
        message = self._message(str(id), sender, joined.text).as_read(*joined.readings).with_note(joined.note)
        language = self.language_of(gateway.channel.division)
        if not message.text:
            answer, reply = SenderReply(""), words.ask_for_words(language)
        else:
            answer = await self.conversations.take(gateway, message)
            reply = words.answered(answer, language)
        await self.parted.settle(id, answer.number, reply)
        return reply

    async def _take_late(self, gateway: ChannelGateway, sms: Sms, part: TextPart, added: Added) -> str:
        """Add a late part to the demand that the other parts became, as a supplement."""
        reading = sms.words.reading
        message = self._message(f"{added.text}:{part.number}", sms.sender, reading.text)
        message = replace(message, number=added.number or message.number)
        return await self._reply_to(gateway, message.as_read(reading).with_note(part.late_note))

    async def _reply_to(self, gateway: ChannelGateway, message: InboundMessage) -> str:
        language = self.language_of(gateway.channel.division)
        if not message.text:
            return words.ask_for_words(language)
        return words.answered(await self.conversations.take(gateway, message), language)

    def _message(self, id: str, sender: str, text: str) -> InboundMessage:
        number, words = named_first(readable(text))
        return InboundMessage(f"sms:{id}", sender or id, Contact(phone=sender), words, number=number)


def _look_at_charsets(gateway: ChannelGateway, *readings: Decoded) -> None:
    channel = gateway.channel.id
    for reading in readings:
        if reading.declared and reading.charset != reading.declared:
            log.warning(
                "a text message is in another charset than declared",
                channel=channel,
                set=reading.declared,
                read_as=reading.charset,
            )
