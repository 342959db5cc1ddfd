"""Stores what came with a message: its files, or the picture to which it links."""

from dataclasses import dataclass

from services.intake.attachments.collect import NOTHING, Enclosures, enclose
from services.intake.attachments.service import AttachmentService
from services.intake.channels.channel import Channel
from services.intake.inbound.message import InboundMessage
from services.intake.inbound.pictures import Pictures
from shared.contracts.refusals import Refused


@dataclass(frozen=True, slots=True)
class MessageFiles:
    """Stores files for the demand or the supplement that the message becomes."""

    attachments: AttachmentService
    pictures: Pictures

    async def of(self, channel: Channel, message: InboundMessage) -> Enclosures:
        """The stored files and the refused ones; raises `Refused` if the files of the message itself cannot be stored
        now."""
        if message.picture:
            return await self._pictured(channel, message.picture)
        return await enclose(self.attachments, channel, message.files)

    async def _pictured(self, channel: Channel, address: str) -> Enclosures:
        content = await self.pictures.fetch(address)
        if content is None:
            return NOTHING
        try:
            return await enclose(self.attachments, channel, [content])
        except Refused as away:
            # The message is taken without its picture; the vault stores the URL.
            return Enclosures(refused=(away,))
