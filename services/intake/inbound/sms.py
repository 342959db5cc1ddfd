"""Text messages from an HTTP gateway such as Kannel: its parameter names are the channel's settings."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from services.intake.channels import authenticate
from services.intake.domain import Contact
from services.intake.inbound import words
from services.intake.inbound.correspondence import Correspondence
from services.intake.inbound.message import Message, named_first, readable
from services.intake.inbound.sms_request import parameters
from services.intake.inbound.words import LanguageOf
from services.intake.registry import ChannelSettings, Registry
from shared.chassis.query_parameters import ForeignQuery
from shared.contracts.examples import API_KEY
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text


@dataclass(frozen=True, slots=True)
class Sms:
    """A gateway's request, by the channel's names."""

    key: str
    sender: str
    text: str
    reference: str


def routes(registry: Registry, correspondence: Correspondence, language_of: LanguageOf) -> APIRouter:
    """One address for each channel; the answer is the text that goes back to the citizen."""
    router = APIRouter(tags=["inbound"], route_class=ForeignQuery)

    async def receive(channel: Text, request: Request) -> PlainTextResponse:
        """Take a text message in, by GET or as a form."""
        gateway = await registry.gateway(channel)
        sms = _sms(await parameters(request, gateway.settings), gateway.settings)
        speaker = await authenticate(registry.pool, request.headers.get("X-API-Key") or sms.key, "submit")
        if speaker.id != channel:
            en, zh = f"this key is not {channel}'s: send its own", f"该密钥不属于渠道 {channel}，请使用该渠道的密钥"
            raise Refused(Code.FORBIDDEN, en, zh, (FieldError("X-API-Key", zh, en, API_KEY),))
        language = language_of(gateway.channel.division)
        number, text = named_first(readable(sms.text))
        if not text:
            return _text(words.asked(language))
        message = Message(f"sms:{sms.reference}", sms.sender, Contact(phone=sms.sender), text, number=number)
        return _text(words.answered(await correspondence.take(gateway, message), language))

    router.add_api_route(
        "/inbound/sms/{channel}", receive, methods=["GET"], response_class=PlainTextResponse, name="receive_sms"
    )
    router.add_api_route(
        "/inbound/sms/{channel}", receive, methods=["POST"], response_class=PlainTextResponse, name="receive_sms_form"
    )
    return router


def _text(words: str) -> PlainTextResponse:
    # Kannel sends GSM 03.38, where Chinese becomes question marks, unless it is told to send UCS-2.
    return PlainTextResponse(words, headers={} if words.isascii() else {"X-Kannel-Coding": "2"})


def _sms(told: Mapping[str, str], names: ChannelSettings) -> Sms:
    """The gateway's parameters; raises `Refused` with the names that are missing."""
    wanted = {"sender": names.sms_sender, "text": names.sms_text, "reference": names.sms_reference}
    errors = tuple(
        FieldError(name, f"缺少参数 {name}", f"is missing; send it, or name it with `huying channel set … sms_{what}=`")
        for what, name in wanted.items()
        if name not in told or (what != "text" and not told[name].strip())
    )
    if errors:
        en = "; ".join(f"{e.field} {e.en}" for e in errors)
        raise Refused(Code.INVALID, en, "；".join(e.zh for e in errors), errors)
    sender = readable(told[names.sms_sender])[:32]
    return Sms(told.get(names.sms_key, ""), sender, told[names.sms_text], readable(told[names.sms_reference])[:100])
