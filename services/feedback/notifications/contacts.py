"""Asks intake for the one address that a message needs, at the moment of sending; keeps nothing of the answer."""

from dataclasses import dataclass
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError

from services.feedback.gateways.recipients import ContactMethod, Recipient, mark, means_for
from shared.chassis.base.tokens import SERVICE_MAX_AGE, SERVICE_TOKEN, Tokens
from shared.chassis.work.intents import Away, Intent, NoRecipient, PutOff
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Service

TIMEOUT: Final = httpx.Timeout(5, connect=2)
ERASED: Final = "the personal data was erased at the citizen's request"
NOTHING_LEFT: Final = f"the citizen left none of: {', '.join(ContactMethod)}"
WAITS: Final = "intake"
"""Why a message waits for which intake gives no usable answer."""
# What says nothing about the message: intake is away, overloaded, or takes our secret for a wrong one.
_AWAY: Final = frozenset({401, 403, 429, 502, 503, 504})


class _Shown(BaseModel):
    phone: str | None = None
    wechat: str | None = None
    email: str | None = None


class _Wrong(BaseModel):
    field: str


class _Problem(BaseModel):
    errors: tuple[_Wrong, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactClient:
    """The only way from feedback to an address; intake tells in the demand's record that it was shown, and why."""

    intake: httpx.AsyncClient
    tokens: Tokens

    @classmethod
    def at(cls, url: str, secret: str) -> "ContactClient":
        """Those of the intake at this address."""
        return cls(httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False), Tokens(secret, SERVICE_MAX_AGE))

    async def recipient(self, intent: Intent) -> Recipient:
        """Whom the message goes to; raises `NoRecipient`, `Away` or `PutOff`."""
        for means in means_for(ChannelKind(intent.body["channel_kind"])):
            address = await self._shown(intent, means)
            if address:
                return Recipient(means, address, mark(means, address, self.tokens.secret))
        raise NoRecipient(NOTHING_LEFT)

    async def _shown(self, intent: Intent, means: ContactMethod) -> str | None:
        token = self.tokens.write(SERVICE_TOKEN, {"service": Service.FEEDBACK})
        try:
            answer = await self.intake.post(
                f"/v1/demands/{intent.body['number']}/contact",
                json={"why": intent.body["template"], "fields": [means], "contact": intent.body["contact"]},
                headers={"Authorization": f"Bearer {token}"},
            )
        except httpx.RequestError as fault:
            raise Away(repr(fault)) from None
        return _address(answer, means)


def _address(answer: httpx.Response, means: ContactMethod) -> str | None:
    if answer.status_code == 200:
        return _read(answer, means)
    if answer.status_code == 410:
        raise NoRecipient(ERASED)
    if answer.status_code == 404 and _names(answer, means):
        return None
    if answer.status_code in _AWAY:
        raise Away(f"intake answered {answer.status_code}")
    raise PutOff(f"intake answered {answer.status_code}", WAITS)


def _read(answer: httpx.Response, means: ContactMethod) -> str | None:
    try:
        return getattr(_Shown.model_validate_json(answer.content), means)  # type: ignore[no-any-return]
    except ValidationError:
        raise PutOff("what answers is not intake: check HUYING_INTAKE_URL", WAITS) from None


def _names(answer: httpx.Response, means: ContactMethod) -> bool:
    """Whether it is this field that there is none of: a wrong address answers 404 too."""
    try:
        problem = _Problem.model_validate_json(answer.content)
    except ValidationError:
        return False
    return any(wrong.field == means for wrong in problem.errors)
