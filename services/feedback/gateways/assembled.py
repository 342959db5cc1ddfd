"""Assembles the gateways of a deployment from its settings."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.feedback.gateways.cloud_sms import CloudSmsGateway
from services.feedback.gateways.console import ConsoleGateway
from services.feedback.gateways.declared import Declared, Smtp, WeChat, declared
from services.feedback.gateways.declared_clouds import Aliyun, Tencent
from services.feedback.gateways.declared_parts import TextMessages
from services.feedback.gateways.declared_sms import HttpSms, Smpp
from services.feedback.gateways.file import FileGateway
from services.feedback.gateways.http_sms import HttpSmsGateway
from services.feedback.gateways.inbound_texts import InboundTexts
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.gateways.smpp import SmppGateway
from services.feedback.gateways.smtp import SmtpGateway
from services.feedback.gateways.wechat import WeChatGateway
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.chassis.process.components import Task
from shared.chassis.work.intent_reports import DeliveryReport, take_report
from shared.chassis.work.intents import Gateway, IntentKind


@dataclass(frozen=True, slots=True)
class GatewaySet:
    """The gateways, and for each contact method the name of its gateway (`use`)."""

    gateways: tuple[Gateway[Recipient], ...]
    use: Mapping[ContactMethod, str]


def gateways_of(declaration: Path | None, messages: Path | None, duty: Collection[str] = ()) -> GatewaySet:
    """The declared gateways that send messages to citizens or to these duty addresses. Without a declaration, a file of
    messages or the log takes all messages."""
    if declaration:
        file = declared(declaration)
        made = tuple(_gateway(name, one) for name, one in file.gateways.items() if name in {*file.use.values(), *duty})
        return GatewaySet(made, file.use)
    one = FileGateway(messages) if messages else ConsoleGateway()
    return GatewaySet((one,), dict.fromkeys(ContactMethod, one.name))


def reporting_gateways(declaration: Path | None) -> Mapping[str, TextMessages]:
    """The gateways that send delivery reports, by name."""
    gateways = declared(declaration).gateways if declaration else {}
    return {
        name: gateway for name, gateway in gateways.items() if isinstance(gateway, TextMessages) and gateway.reports
    }


def connect_reports(pool: Pool, kind: IntentKind[Recipient]) -> None:
    """Give the gateways that receive reports on their own connection the function that stores them."""

    async def take(report: DeliveryReport) -> bool:
        async with pool.acquire(timeout=5) as db, db.transaction():
            return await take_report(db, kind, report, now())

    for gateway in kind.gateways:
        if isinstance(gateway, SmppGateway):
            gateway.take_report = take


def connect_inbound_texts(kind: IntentKind[Recipient], texts: InboundTexts) -> Sequence[Task]:
    """Give the gateways the function that hands incoming text messages to intake; returns the tasks that keep their
    connections open."""
    bound = [gateway for gateway in kind.gateways if isinstance(gateway, SmppGateway) and gateway.channel]
    for gateway in bound:
        gateway.take_text = texts.take
    return [gateway.listen for gateway in bound]


def _gateway(name: str, declared: Declared) -> Gateway[Recipient]:
    match declared:
        case HttpSms():
            return HttpSmsGateway(name, declared)
        case Smpp():
            return SmppGateway(name, declared)
        case Aliyun() | Tencent():
            return CloudSmsGateway(name, declared)
        case Smtp():
            return SmtpGateway(name, declared)
        case WeChat():
            return WeChatGateway(name, declared)
