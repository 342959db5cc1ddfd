"""Assembles the gateways for inbound messages, and what turns their files into attachments."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from services.intake.attachments.service import AttachmentService
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.inbound.attach import MessageFiles
from services.intake.inbound.conversation import Conversations
from services.intake.inbound.pictures import Pictures
from services.intake.inbound.sms import api as sms
from services.intake.inbound.sms import bind_api
from services.intake.inbound.sms.api import SmsGateway
from services.intake.inbound.sms.bind_api import BindTexts
from services.intake.inbound.sms.parted_texts import PartedTexts
from services.intake.inbound.sms.text_taker import TextTaker
from services.intake.inbound.wechat import api as wechat
from services.intake.inbound.words import LanguageOf
from services.intake.settings import IntakeSettings
from shared.identity.callers import Callers


@dataclass(frozen=True, slots=True)
class InboundGateways:
    """The gateways for messages that people write to a number or an account."""

    registry: GatewayRegistry
    conversations: Conversations
    language_of: LanguageOf

    @property
    def _texts(self) -> TextTaker:
        parted = PartedTexts(self.registry.pool, self.registry.vault)
        return TextTaker(self.registry, self.conversations, parted, self.language_of)

    def routes(self, callers: Callers) -> Sequence[APIRouter]:
        """The routes of these gateways."""
        return (
            sms.routes(SmsGateway(self.registry, self._texts)),
            bind_api.routes(BindTexts(self.registry, self._texts, callers)),
            wechat.routes(wechat.WeChatCallbacks(self.registry, self.conversations, self.language_of)),
        )

    async def run(self) -> None:
        """Take in long messages whose waiting time is over, until cancelled."""
        await self._texts.run()


def message_files(settings: IntakeSettings, attachments: AttachmentService) -> MessageFiles:
    """The service that turns the files of e-mails and the pictures of messages into attachments."""
    return MessageFiles(attachments, Pictures.of(settings.wechat_picture_hosts, settings.attachment_max_picture))
