"""The HTTP routes for text messages from a gateway such as Kannel or a carrier; the names of its parameters are
settings of the channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from services.intake.channels.gateway_settings import ChannelGateway, ChannelSettings, GatewayRegistry
from services.intake.channels.keys import authenticate
from services.intake.inbound.message import digest, readable
from services.intake.inbound.sms.request import ParsedMessages, Sms, fields, parse_messages
from services.intake.inbound.sms.request import words as words_of
from services.intake.inbound.sms.text_taker import TextTaker
from shared.chassis.http.body_limit import MAX_BODY, LargerBodies, LimitedRouter
from shared.chassis.http.query_parameters import ForeignQuery
from shared.contracts.examples import API_KEY
from shared.contracts.refusals import Code, FieldError, Refused
from shared.contracts.text import Text

GOT_IT: Final = '{"code":0,"msg":"OK","result":0,"errmsg":"OK"}'
"""The answer to a gateway that posts JSON, unless the channel sets another one: Aliyun and Tencent both accept it."""
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/plain": {}, "application/json": {}}}}


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """Handles the requests of gateways."""

    registry: GatewayRegistry
    texts: TextTaker

    async def receive(self, channel: str, request: Request) -> Response:
        """Handle a request; returns the answer in the gateway's format: a text for the citizen, or that all messages
        were taken."""
        gateway = await self.registry.gateway(channel)
        query, names = fields(request.scope["query_string"]), gateway.settings
        key = request.headers.get("X-API-Key") or query.get(names.sms_key, b"").decode("utf-8", "replace")
        if key:  # checked before the body is read, so that nobody can send a large one without a key
            await self._authenticate(channel, key)
        posted = await parse_messages(request, query, names)
        if not key:
            first_message = posted.messages[0] if posted.messages else {}
            await self._authenticate(channel, first_message.get(names.sms_key, b"").decode("utf-8", "replace"))
        if posted.is_json:
            return await self._take_all(gateway, posted)
        return _text(await self.texts.take(gateway, _sms(posted.messages[0], posted, names)))

    async def _authenticate(self, channel: str, key: str) -> None:
        speaker = await authenticate(self.registry.pool, key, "submit")
        if speaker.id != channel:
            en = f"this key does not belong to the channel {channel}: send the key of that channel"
            zh = f"该密钥不属于渠道 {channel}，请使用该渠道的密钥"
            raise Refused(Code.FORBIDDEN, en, zh, (FieldError("X-API-Key", zh, en, API_KEY),))

    async def _take_all(self, gateway: ChannelGateway, posted: ParsedMessages) -> Response:
        """Take several messages. A message with an error does not hold up the others; it is refused after they were
        taken."""
        refused = []
        for n, message in enumerate(posted.messages):
            try:
                await self.texts.take(gateway, _sms(message, posted, gateway.settings, f"{n}."))
            except Refused as fault:
                if fault.code is not Code.INVALID:
                    raise
                refused.append(fault)
        if refused:
            raise _refused(tuple(error for fault in refused for error in fault.errors))
        return Response(gateway.settings.sms_answer or GOT_IT, media_type="application/json")


LARGER: Final = LargerBodies("/inbound/sms/", MAX_BODY)
"""Larger bodies are allowed without a key in a header, because gateways sign their requests or send the key as a
parameter."""


def routes(sms: SmsGateway) -> APIRouter:
    """The routes, one for each channel."""
    router = LimitedRouter(LARGER, tags=["inbound"], route_class=ForeignQuery)

    async def receive(channel: Text, request: Request) -> Response:
        """Take a text message in, by GET, as a form, or as JSON with one message or many."""
        return await sms.receive(channel, request)

    for method, name in (("GET", "receive_sms"), ("POST", "receive_sms_form")):
        router.add_api_route(
            "/inbound/sms/{channel}", receive, methods=[method], name=name, response_class=PlainTextResponse,
            responses=_ANSWERS if method == "POST" else None,
        )  # fmt: skip
    return router


def _text(words: str) -> PlainTextResponse:
    # Kannel sends GSM 03.38, where Chinese becomes question marks, unless it is told to send UCS-2.
    return PlainTextResponse(words, headers={} if words.isascii() else {"X-Kannel-Coding": "2"})


def _sms(message: Mapping[str, bytes], posted: ParsedMessages, names: ChannelSettings, place: str = "") -> Sms:
    """The message of a request; raises `Refused`, which names the missing parameters.

    The messages of a list often have no references: then all parameters together, the time included, identify a
    message.
    """
    values = {name: value.decode("utf-8", "replace") for name, value in message.items() if name != names.sms_text}
    if posted.is_json and not values.get(names.sms_reference, "").strip():
        values[names.sms_reference] = digest(repr(sorted(pair for pair in message.items() if pair[0] != names.sms_key)))
    required = {"sender": names.sms_sender, "text": names.sms_text, "reference": names.sms_reference}
    errors = tuple(
        FieldError(
            f"{place}{name}",
            f"缺少参数 {name}",
            f"is missing; send it, or name it with `huying channel set … sms_{parameter}=`",
        )
        for parameter, name in required.items()
        if (name not in message and name not in values) or (parameter != "text" and not readable(values.get(name, "")))
    )
    if errors:
        raise _refused(errors)
    sender = readable(values[names.sms_sender])[:32]
    return Sms(sender, readable(values[names.sms_reference])[:100], words_of(message, posted, names))


def _refused(errors: tuple[FieldError, ...]) -> Refused:
    en = "; ".join(f"{e.field} {e.en}" for e in errors)
    return Refused(Code.INVALID, en, "；".join(e.zh for e in errors), errors)
