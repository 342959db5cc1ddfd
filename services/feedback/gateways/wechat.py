"""Sends template messages and subscription notices of a WeChat official account (微信公众号模板消息、订阅通知)."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
from pydantic import BaseModel, ValidationError

from services.feedback.gateways.declared import WeChat
from services.feedback.gateways.recipients import Recipient
from services.feedback.gateways.rendering import values_of, variables_of
from shared.chassis.work.intents import Intent, NotReached, Outcome, Rejected, RetryLater, Sent, TryAgain, Unknown

_LONGEST: Final = 20
"""A value has at most so many characters (微信: thing 类型不超过 20 个字符)."""
_STALE_TOKEN: Final = frozenset({40001, 40014, 42001})
_LIMITED: Final = frozenset({45009, 45011})
_GONE: Final = frozenset({40003, 43004, 43101, 43107})
"""Codes: no such follower, or one who did not subscribe; another contact method may reach the person."""
_EARLY: Final = 300.0
"""So many seconds before its end a token is no longer used."""


class _WeChatAnswer(BaseModel):
    errcode: int = 0
    errmsg: str = ""
    msgid: int | str = ""
    access_token: str = ""
    expires_in: float = 0.0


class WeChatGateway:
    """One account; its token is fetched when it is needed, and then reused."""

    def __init__(
        self,
        name: str,
        settings: WeChat,
        client: httpx.AsyncClient | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.at_once = name, settings.at_once
        self._settings, self._ticks = settings, ticks
        timeout = httpx.Timeout(settings.timeout, connect=min(settings.timeout, 5.0))
        self._client = client or httpx.AsyncClient(timeout=timeout, trust_env=False)
        self._token, self._good_until = "", 0.0
        self._asking = asyncio.Lock()

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Send a message. WeChat drops a second message with the same `client_msg_id` to the same person within ten
        minutes, so a request without an answer is sent once more; if that has no answer either, the outcome is
        unknown."""
        approved = self._settings.templates.get(intent.body["template"])
        if approved is None:
            return NotReached(f"{self.name} has no template for {intent.body['template']!r}")
        body = self._body(intent, recipient)
        for retry in (True, False):
            token = await self._access_token()
            if not isinstance(token, str):
                return token
            try:
                answer = await self._post(_PATHS[self._settings.message], body, token)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as fault:
                return RetryLater(f"{self.name} cannot be reached: {fault!r}")
            except (httpx.RequestError, ValidationError) as fault:
                if retry and self._settings.message == "template":
                    continue
                return Unknown(f"{self.name} gave no answer: {fault!r}")
            if answer.errcode in _STALE_TOKEN and retry:
                self._good_until = 0.0
                continue
            return _outcome(answer)
        return Unknown(f"{self.name} gave no answer")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _body(self, intent: Intent, recipient: Recipient) -> dict[str, Any]:
        approved, values = self._settings.templates[intent.body["template"]], values_of(intent)
        variables = variables_of(approved.variables, values, _LONGEST)
        body: dict[str, Any] = {
            "touser": recipient.address,
            "template_id": approved.id,
            "data": {name: {"value": text} for name, text in variables.items()},
        }
        link = values.get("url", "")
        if self._settings.message == "template":
            return body | {"url": link, "client_msg_id": intent.id.hex}
        return body | {"page": link}

    async def _access_token(self) -> str | Outcome:
        async with self._asking:
            if self._ticks() >= self._good_until:
                body = {
                    "grant_type": "client_credential",
                    "appid": self._settings.app_id,
                    "secret": self._settings.secret.get_secret_value(),
                }
                try:
                    answer = await self._post("/cgi-bin/stable_token", body)
                except (httpx.RequestError, ValidationError) as fault:
                    return RetryLater(f"{self.name} does not give a token: {fault!r}")
                if not answer.access_token:
                    return RetryLater(f"{self.name} does not give a token: {answer.errcode} {answer.errmsg}")
                self._token = answer.access_token
                self._good_until = self._ticks() + max(0.0, answer.expires_in - _EARLY)
        return self._token

    async def _post(self, path: str, body: dict[str, Any], token: str = "") -> _WeChatAnswer:
        query = {"access_token": token} if token else None
        answer = await self._client.post(f"{self._settings.url}{path}", params=query, json=body)
        return _WeChatAnswer.model_validate_json(answer.content)


_PATHS: Final = {"template": "/cgi-bin/message/template/send", "subscription": "/cgi-bin/message/subscribe/bizsend"}


def _outcome(answer: _WeChatAnswer) -> Outcome:
    words = f"{answer.errcode} {answer.errmsg}"
    match answer.errcode:
        case 0:
            return Sent(str(answer.msgid))
        case -1:
            return TryAgain(words)
        case code if code in _LIMITED or code in _STALE_TOKEN:
            return RetryLater(words)
        case code if code in _GONE:
            return NotReached(words)
    return Rejected(words)
