"""The gateways of a deployment, put together from its settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.feedback.gateways.console import ConsoleGateway
from services.feedback.gateways.declared import Declared, HttpSms, Smtp, WeChat, declared
from services.feedback.gateways.file import FileGateway
from services.feedback.gateways.http_sms import HttpSmsGateway
from services.feedback.gateways.recipients import ContactMethod, Recipient
from services.feedback.gateways.smtp import SmtpGateway
from services.feedback.gateways.wechat import WeChatGateway
from shared.chassis.work.intents import Gateway


@dataclass(frozen=True, slots=True)
class GatewaySet:
    """The gateways, and by which of them each way of reaching somebody leaves."""

    gateways: tuple[Gateway[Recipient], ...]
    use: Mapping[ContactMethod, str]


def gateways_of(declaration: Path | None, messages: Path | None) -> GatewaySet:
    """Those that the declaration names; without one a file of messages, or the log, stands for all."""
    if declaration:
        file = declared(declaration)
        made = tuple(_gateway(name, one) for name, one in file.gateways.items() if name in file.use.values())
        return GatewaySet(made, file.use)
    one = FileGateway(messages) if messages else ConsoleGateway()
    return GatewaySet((one,), dict.fromkeys(ContactMethod, one.name))


def reporting_gateways(declaration: Path | None) -> Mapping[str, HttpSms]:
    """Those that report what became of messages, by name."""
    gateways = declared(declaration).gateways if declaration else {}
    return {name: one for name, one in gateways.items() if isinstance(one, HttpSms) and one.reports}


def _gateway(name: str, told: Declared) -> Gateway[Recipient]:
    match told:
        case HttpSms():
            return HttpSmsGateway(name, told)
        case Smtp():
            return SmtpGateway(name, told)
        case WeChat():
            return WeChatGateway(name, told)
