"""Puts the doors for what people write together: to numbers and accounts, and what becomes of their files."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.intake.attachments.service import AttachmentService
from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.inbound.attach import MessageFiles
from services.intake.inbound.conversation import Conversations
from services.intake.inbound.pictures import Pictures
from services.intake.inbound.sms import api as sms
from services.intake.inbound.sms import bind_api
from services.intake.inbound.sms.bind_api import BindTexts
from services.intake.inbound.wechat import api as wechat
from services.intake.inbound.words import LanguageOf
from services.intake.settings import IntakeSettings
from shared.identity.callers import Callers


def routes(
    registry: GatewayRegistry, conversations: Conversations, language_of: LanguageOf, callers: Callers
) -> Sequence[APIRouter]:
    """What people write to a number or an account."""
    return (
        sms.routes(registry, conversations, language_of),
        bind_api.routes(BindTexts(sms.SmsGateway(registry, conversations, language_of), callers)),
        wechat.routes(wechat.WeChat(registry, conversations, language_of)),
    )


def message_files(settings: IntakeSettings, attachments: AttachmentService) -> MessageFiles:
    """What turns files of letters and pictures of messages into attachments."""
    return MessageFiles(attachments, Pictures.of(settings.wechat_picture_hosts, settings.attachment_max_picture))
