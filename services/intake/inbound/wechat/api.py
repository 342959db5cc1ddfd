"""The HTTP routes for the callbacks of WeChat official accounts: signed, encrypted if the account says so, answered in
XML."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict

from services.intake.channels.gateway_settings import ChannelGateway, GatewayRegistry
from services.intake.inbound import words
from services.intake.inbound.conversation import Conversations
from services.intake.inbound.wechat import message as xml
from services.intake.inbound.wechat.cipher import WeChatCipher, check, check_time, signature
from services.intake.inbound.words import LanguageOf
from shared.chassis.base.clock import now
from shared.chassis.http.body_limit import MAX_BODY, LargerBodies, LimitedRouter
from shared.chassis.http.query_parameters import ForeignQuery
from shared.contracts.refusals import Code, Refused
from shared.contracts.text import Text

PREFIX: Final = "/inbound/wechat"
LARGER: Final = LargerBodies(f"{PREFIX}/", MAX_BODY)
"""Larger bodies are allowed without a key in a header, because the account signs its requests."""
NOTHING_TO_SAY: Final = PlainTextResponse("success")
_REPLY: Final[dict[str, Any]] = {"application/xml": {}, "text/plain": {}}


class Signed(BaseModel):
    """The parameters that WeChat adds to the URL."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    signature: str = ""
    msg_signature: str = ""
    timestamp: str = ""
    nonce: str = ""
    echostr: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """The secrets of an official account; without a cipher it sends plain messages."""

    gateway: ChannelGateway
    token: str
    cipher: WeChatCipher | None


@dataclass(frozen=True, slots=True)
class WeChatCallbacks:
    """Handles the callbacks of WeChat."""

    registry: GatewayRegistry
    conversations: Conversations
    language_of: LanguageOf
    clock: Callable[[], datetime] = now
    nonce: Callable[[], str] = secrets.token_urlsafe

    async def echo(self, channel: str, signed: Signed) -> str:
        """Answer WeChat's check that this URL is ours."""
        account = await self._account(channel)
        check_time(signed.timestamp, self.clock())
        if signed.msg_signature and account.cipher:
            check(signed.msg_signature, account.token, signed.timestamp, signed.nonce, signed.echostr)
            return account.cipher.decrypt(signed.echostr).decode(errors="replace")
        check(signed.signature, account.token, signed.timestamp, signed.nonce)
        return signed.echostr

    async def receive(self, channel: str, signed: Signed, body: bytes) -> str | None:
        """Handle a callback; returns the passive reply, None if there is nothing to say."""
        account = await self._account(channel)
        check_time(signed.timestamp, self.clock())
        callback = _opened(account, signed, body)
        message = xml.message(callback)
        language = self.language_of(account.gateway.channel.division)
        if message:
            reply = words.answered(await self.conversations.take(account.gateway, message), language)
        elif callback.kind in xml.UNREAD:
            reply = words.unread(language)
        elif callback.kind == "text":
            reply = words.ask_for_words(language)
        else:
            return None
        return self._reply(account, callback, reply)

    def _reply(self, account: Account, callback: xml.Callback, text: str) -> str:
        time = int(self.clock().timestamp())
        plain = xml.reply(callback, text, time)
        if account.cipher is None:
            return plain
        encrypted, nonce = account.cipher.encrypt(plain), self.nonce()
        return xml.sealed_reply(encrypted, signature(account.token, str(time), nonce, encrypted), time, nonce)

    async def _account(self, channel: str) -> Account:
        gateway = await self.registry.gateway(channel)
        channel_settings = gateway.settings
        if channel_settings.wechat_token is None or channel_settings.wechat_app_id is None:
            raise Refused(
                Code.NOT_FOUND,
                f"{channel} has no account: `huying channel set {channel} wechat_app_id=… wechat_token=-`",
                f"渠道 {channel} 未配置公众号，请用 huying channel set 设置 wechat_app_id 和 wechat_token",
            )
        key = channel_settings.wechat_aes_key
        cipher = WeChatCipher(key.get_secret_value(), channel_settings.wechat_app_id) if key else None
        return Account(gateway, channel_settings.wechat_token.get_secret_value(), cipher)


def routes(wechat: WeChatCallbacks) -> APIRouter:
    """The routes, one for each official account."""
    router = LimitedRouter(LARGER, tags=["inbound"], prefix=PREFIX, route_class=ForeignQuery)

    @router.get("/{channel}", response_class=PlainTextResponse)
    async def verify_wechat(channel: Text, signed: Annotated[Signed, Query()]) -> PlainTextResponse:
        """Answer WeChat's check of the address."""
        return PlainTextResponse(await wechat.echo(channel, signed))

    @router.post("/{channel}", response_class=Response, responses={200: {"content": _REPLY}})
    async def receive_wechat(channel: Text, signed: Annotated[Signed, Query()], request: Request) -> Response:
        """Take a message in; the number goes back as a passive reply."""
        reply = await wechat.receive(channel, signed, await request.body())
        return Response(reply, media_type="application/xml") if reply else NOTHING_TO_SAY

    return router


def _opened(account: Account, signed: Signed, body: bytes) -> xml.Callback:
    """The decrypted message. The plain signature does not cover the body, so an account with a cipher accepts no plain
    message."""
    if account.cipher is None:
        check(signed.signature, account.token, signed.timestamp, signed.nonce)
        return xml.read(body)
    encrypted = xml.read(body).encrypted
    check(signed.msg_signature, account.token, signed.timestamp, signed.nonce, encrypted)
    return xml.read(account.cipher.decrypt(encrypted))
