"""Asks intake whose a credential is, because only intake stores the keys of channels and the revocations of staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
from pydantic import ValidationError

from shared.chassis.base.tokens import SERVICE_MAX_AGE, Tokens
from shared.chassis.http.service_client import service_client
from shared.chassis.tracing import spans
from shared.contracts.demand.state import Service
from shared.contracts.refusals import Code, FieldError, Refused
from shared.identity.introspection import GoodChannels, Introspected
from shared.identity.person import Person

TIMEOUT: Final = httpx.Timeout(10, connect=2)
SCOPE: Final = "webhooks"


def intake_client(url: str) -> httpx.AsyncClient:
    """The HTTP client of the intake at this URL."""
    return service_client(url, TIMEOUT)


@dataclass(frozen=True, slots=True)
class IntrospectionClient:
    """The client of intake's introspection, for webhooks and for messages; it stores no credential."""

    intake: httpx.AsyncClient
    tokens: Tokens

    @classmethod
    def at(cls, url: str, secret: str) -> "IntrospectionClient":
        """The client of the intake at this URL."""
        return cls(intake_client(url), Tokens(secret, SERVICE_MAX_AGE))

    async def channel(self, api_key: str) -> str:
        """The id of the channel that has this key and may have webhooks; raises `Refused`."""
        introspected = await self._who({"api_key": api_key, "scope": SCOPE})
        if introspected.channel is None:
            raise _unusable()
        return introspected.channel.id

    async def person(self, token: str) -> Person:
        """The member of staff with this token; raises `Refused`."""
        introspected = await self._who({"token": token})
        if introspected.person is None:
            raise _unusable()
        return Person(introspected.person.name, introspected.person.unit, frozenset(introspected.person.roles))

    async def good_channels(self, channels: Sequence[str]) -> frozenset[str]:
        """Which of these channels may have webhooks; raises `Refused` if intake does not answer."""
        body = await self._post("/v1/introspection/channels", {"channels": list(channels), "scope": SCOPE})
        try:
            return frozenset(GoodChannels.model_validate_json(body).channels)
        except ValidationError:
            raise _unusable() from None

    async def _who(self, question: dict[str, Any]) -> Introspected:
        body = await self._post("/v1/introspection", question)
        try:
            introspected = Introspected.model_validate_json(body)
        except ValidationError:
            raise _unusable() from None
        if introspected.refused:
            complaint = introspected.refused
            errors = (
                (FieldError(complaint.field, complaint.zh, complaint.en, complaint.example),) if complaint.field else ()
            )
            raise Refused(complaint.code, complaint.en, complaint.zh, errors, complaint.retry_after)
        spans.accept()
        return introspected

    async def _post(self, path: str, question: dict[str, Any]) -> bytes:
        headers = self.tokens.service_headers(Service.FEEDBACK)
        try:
            answer = await self.intake.post(path, json=question, headers=headers)
        except httpx.RequestError as fault:
            raise _unusable(type(fault).__name__) from None
        if answer.status_code != 200:
            raise _unusable(str(answer.status_code))
        return answer.content


def _unusable(what: str = "something that cannot be read") -> Refused:
    en = f"intake, which checks keys and tokens, answered {what}; try again, or check HUYING_INTAKE_URL"
    return Refused(Code.UNAVAILABLE, en, f"负责核验密钥的受理服务未能应答（{what}），请稍后重试", retry_after=5)
