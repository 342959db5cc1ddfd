"""Asks intake who shows a credential: keys of channels and revocations of staff are kept there alone."""

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
    """The connections to the intake at this address."""
    return service_client(url, TIMEOUT)


@dataclass(frozen=True, slots=True)
class IntrospectionClient:
    """The only way from feedback to keys and tokens, for webhooks and for messages; it keeps none of them."""

    intake: httpx.AsyncClient
    tokens: Tokens

    @classmethod
    def at(cls, url: str, secret: str) -> "IntrospectionClient":
        """That of the intake at this address."""
        return cls(intake_client(url), Tokens(secret, SERVICE_MAX_AGE))

    async def channel(self, api_key: str) -> str:
        """The id of the channel that has this key and may have webhooks; raises `Refused`."""
        known = await self._who({"api_key": api_key, "scope": SCOPE})
        if known.channel is None:
            raise _unusable()
        return known.channel.id

    async def person(self, token: str) -> Person:
        """The member of staff who bears a token; raises `Refused`."""
        known = await self._who({"token": token})
        if known.person is None:
            raise _unusable()
        return Person(known.person.name, known.person.unit, frozenset(known.person.roles))

    async def good_channels(self, channels: Sequence[str]) -> frozenset[str]:
        """Which of these channels may have webhooks; raises `Refused` where intake does not say."""
        body = await self._post("/v1/introspection/channels", {"channels": list(channels), "scope": SCOPE})
        try:
            return frozenset(GoodChannels.model_validate_json(body).channels)
        except ValidationError:
            raise _unusable() from None

    async def _who(self, question: dict[str, Any]) -> Introspected:
        body = await self._post("/v1/introspection", question)
        try:
            known = Introspected.model_validate_json(body)
        except ValidationError:
            raise _unusable() from None
        if known.refused:
            complaint = known.refused
            errors = (
                (FieldError(complaint.field, complaint.zh, complaint.en, complaint.example),) if complaint.field else ()
            )
            raise Refused(complaint.code, complaint.en, complaint.zh, errors, complaint.retry_after)
        spans.accept()
        return known

    async def _post(self, path: str, question: dict[str, Any]) -> bytes:
        headers = self.tokens.service_headers(Service.FEEDBACK)
        try:
            answer = await self.intake.post(path, json=question, headers=headers)
        except httpx.RequestError as fault:
            raise _unusable(type(fault).__name__) from None
        if answer.status_code != 200:
            raise _unusable(str(answer.status_code))
        return answer.content


def _unusable(what: str = "nothing that can be read") -> Refused:
    en = f"intake, which knows keys and tokens, answered {what}; try again, or check HUYING_INTAKE_URL"
    return Refused(Code.UNAVAILABLE, en, f"负责核验密钥的受理服务未能应答（{what}），请稍后重试", retry_after=5)
