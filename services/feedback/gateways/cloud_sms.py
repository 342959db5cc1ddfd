"""Sends text messages by Aliyun and Tencent Cloud: one request for each message; the answer says whether it was
taken."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from pydantic import BaseModel, Field, ValidationError

from services.feedback.gateways.cloud_signatures import aliyun_headers, canonical_query, tencent_headers
from services.feedback.gateways.declared_clouds import Aliyun, Tencent
from services.feedback.gateways.recipients import Recipient
from services.feedback.gateways.rendering import LINK, values_of, variables_of
from services.feedback.gateways.text_messages import rejection_cause
from shared.chassis.base.clock import now
from shared.chassis.work.intents import (
    Intent,
    NotReached,
    Outcome,
    Rejected,
    RetryLater,
    Sent,
    TryAgain,
    Unknown,
)

_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BUSY: Final = 60.0
"""Seconds until the cloud accepts another message for the same telephone: both limit messages by the minute first."""
_UNKNOWN: Final = ("isp.SYSTEM_ERROR", "InternalError", "ServiceUnavailable")
"""Codes of faults of the cloud: nobody knows whether the message was sent."""
_LATER: Final = (
    "Throttling", "RequestLimitExceeded", "LimitExceeded.DeliveryFrequencyLimit", "AuthFailure",
    "UnauthorizedOperation", "InvalidAccessKeyId", "SignatureDoesNotMatch", "SignatureNonceUsed", "Forbidden",
    "isp.RAM_PERMISSION_DENY", "isv.OUT_OF_SERVICE", "isv.ACCOUNT", "isv.AMOUNT_NOT_ENOUGH", "isv.PRODUCT_UN",
    "FailedOperation.InsufficientBalance", "ResourceInsufficient",
)  # fmt: skip
"""Prefixes of codes that say that no message is accepted now: too many, not paid, not allowed."""
_AGAIN: Final = ("isv.BUSINESS_LIMIT_CONTROL", "LimitExceeded")
"""Codes that say that this telephone has reached a limit of the operator for a while."""
_NOBODY: Final = (
    "isv.MOBILE_NUMBER_ILLEGAL", "isv.BLACK", "InvalidParameterValue.IncorrectPhoneNumber",
    "FailedOperation.PhoneNumberInBlacklist", "UnsupportedOperation",
)  # fmt: skip
"""Codes that say that this telephone cannot be reached; another gateway may reach the person."""


class _AliyunAnswer(BaseModel):
    code: str = Field("", alias="Code")
    message: str = Field("", alias="Message")
    id: str = Field("", alias="BizId")


class _TencentStatus(BaseModel):
    code: str = Field("", alias="Code")
    message: str = Field("", alias="Message")
    id: str = Field("", alias="SerialNo")


class _TencentResponse(BaseModel):
    sent: tuple[_TencentStatus, ...] = Field((), alias="SendStatusSet")
    error: _TencentStatus | None = Field(None, alias="Error")


class _TencentAnswer(BaseModel):
    response: _TencentResponse = Field(alias="Response")


class CloudSmsGateway:
    """One account at one of the two clouds; every message uses an approved template."""

    def __init__(
        self,
        name: str,
        declared: Aliyun | Tencent,
        client: httpx.AsyncClient | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self.name, self.at_once = name, declared.at_once
        self._declared, self._clock = declared, clock
        timeout = httpx.Timeout(declared.timeout, connect=min(declared.timeout, 5.0))
        self._client = client or httpx.AsyncClient(timeout=timeout, trust_env=False)

    async def send(self, intent: Intent, recipient: Recipient) -> Outcome:
        """Send a message; the outcome follows from the code of the answer. A request that was sent without an answer
        has an unknown outcome."""
        if refused := rejection_cause(self.name, self._declared, intent):
            return Rejected(refused)
        approved = self._declared.templates[intent.body["template"]]
        variables = variables_of(approved.variables, values_of(intent), self._declared.variable_length)
        held = next((name for name, value in variables.items() if LINK.search(value)), "")
        if held and not self._declared.links:
            return Rejected(f"{self.name} accepts no links, but the variable {held!r} contains one")
        request = self._request(intent, recipient, approved.id, variables)
        try:
            answer = await self._client.send(request)
            return _read(self._declared, answer)
        except _NOT_SENT as fault:
            return RetryLater(f"{self.name} cannot be reached: {type(fault).__name__}")
        except (httpx.RequestError, ValidationError) as fault:
            return Unknown(f"{self.name} gave an answer that cannot be read: {type(fault).__name__}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _request(self, intent: Intent, to: Recipient, template: str, variables: dict[str, str]) -> httpx.Request:
        number = "".join(filter(str.isdigit, to.address))
        match self._declared:
            case Aliyun() as declared:
                query = {
                    "PhoneNumbers": number,
                    "SignName": declared.signature.strip("【】"),
                    "TemplateCode": template,
                    "TemplateParam": json.dumps(variables, ensure_ascii=False),
                    "OutId": str(intent.id),
                }
                host, secret = urlsplit(declared.url).netloc, declared.secret.get_secret_value()
                headers = aliyun_headers(query, host, declared.key_id, secret, self._clock(), uuid4().hex)
                return self._client.build_request("POST", f"{declared.url}/?{canonical_query(query)}", headers=headers)
            case Tencent() as declared:
                body = {
                    "PhoneNumberSet": [f"+86{number[-11:]}"],
                    "SmsSdkAppId": declared.app_id,
                    "SignName": declared.signature.strip("【】"),
                    "TemplateId": template,
                    "TemplateParamSet": list(variables.values()),
                    "SessionContext": str(intent.id),
                }
                return self._tencent(declared, json.dumps(body))

    def _tencent(self, declared: Tencent, body: str) -> httpx.Request:
        host, secret = urlsplit(declared.url).netloc, declared.secret.get_secret_value()
        headers = tencent_headers(body, host, declared.secret_id, secret, declared.region, self._clock())
        return self._client.build_request("POST", f"{declared.url}/", content=body, headers=headers)


def _read(declared: Aliyun | Tencent, answer: httpx.Response) -> Outcome:
    """The outcome of an answer. Both clouds send JSON also for errors; without JSON the outcome is unknown."""
    if isinstance(declared, Aliyun):
        aliyun = _AliyunAnswer.model_validate_json(answer.content)
        return Sent(aliyun.id) if aliyun.code == "OK" else outcome_of(aliyun.code, aliyun.message)
    response = _TencentAnswer.model_validate_json(answer.content).response
    status = response.error or next(iter(response.sent), _TencentStatus.model_validate({}))
    return Sent(status.id) if status.code == "Ok" else outcome_of(status.code, status.message)


def outcome_of(code: str, message: str) -> Outcome:
    """The outcome of a message by the code of the answer; unknown if there is no code."""
    words = f"{code} {message}".strip()

    def begins(codes: tuple[str, ...]) -> bool:
        return code.startswith(codes)

    kinds: tuple[tuple[tuple[str, ...], Callable[[str], Outcome]], ...] = (
        (_UNKNOWN, Unknown), (_LATER, RetryLater), (_AGAIN, _in_a_minute), (_NOBODY, NotReached),
    )  # fmt: skip
    if not code:
        return Unknown(words or "no code in the answer")
    return next((outcome(words) for codes, outcome in kinds if begins(codes)), Rejected(words))


def _in_a_minute(reason: str) -> Outcome:
    return TryAgain(reason, _BUSY)
