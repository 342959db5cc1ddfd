"""Asks intake for the addresses of messages at the moment of sending, many at once; no address is stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx
from pydantic import BaseModel, Field, ValidationError

from services.feedback.gateways.recipients import ContactMethod, Recipient, mark, means_for, usable
from services.feedback.notifications.messages import own_line
from shared.chassis.base.tokens import SERVICE_MAX_AGE, Tokens
from shared.chassis.http.service_client import service_client
from shared.chassis.work.intents import Intent, NoRecipient, PutOff, RecipientsUnavailable
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Service

TIMEOUT: Final = httpx.Timeout(10, connect=2)
ERASED: Final = "the personal data was erased at the citizen's request"
NOTHING_LEFT: Final = "the citizen gave none of: {means}"
UNUSABLE: Final = "no gateway can use what the citizen gave as {means}"
OPTED_OUT: Final = "they opted out of messages, and the pack does not send this one to people who opted out"
WAITS: Final = "intake"
"""The reason (`waits`) of a message for which intake gives no usable answer."""
_AWAY: Final = frozenset({401, 403, 404, 405, 429, 502, 503, 504})
"""Status codes that do not depend on the messages: intake does not answer, is overloaded, has an older version, or does
not accept our secret."""
Found = NoRecipient | PutOff | Recipient


class _NoAddress(NoRecipient):
    """No gateway can use what the citizen left for this contact method."""

    def __init__(self, means: ContactMethod) -> None:
        super().__init__(UNUSABLE.format(means=means))
        self.means = means


class _ContactAnswer(BaseModel):
    state: str
    way: ContactMethod | None = None
    address: str | None = Field(None, repr=False)


class _Answers(BaseModel):
    answers: tuple[_ContactAnswer, ...]


@dataclass(frozen=True, slots=True)
class ContactClient:
    """The client of intake's contact API, and feedback's only way to an address. For each address intake records in the
    demand that it was shown, and why.

    `gateways` holds the gateway for each contact method; an address without a gateway is not asked for.
    `despite_opt_out` says whether a message is sent to somebody who opted out of messages.
    """

    intake: httpx.AsyncClient
    tokens: Tokens
    gateways: Mapping[ContactMethod, str]
    despite_opt_out: Callable[[Intent], bool] = lambda intent: True

    @classmethod
    def at(
        cls,
        url: str,
        secret: str,
        gateways: Mapping[ContactMethod, str],
        despite_opt_out: Callable[[Intent], bool] = lambda intent: True,
    ) -> "ContactClient":
        """The client of the intake at this URL."""
        client = service_client(url, TIMEOUT)
        return cls(client, Tokens(secret, SERVICE_MAX_AGE), gateways, despite_opt_out)

    async def recipients(self, intents: Sequence[Intent]) -> dict[UUID, Found]:
        """The recipient of each message, or why it has none, by the id of the message; raises `Away` if intake does not
        answer. Intake gives one address: if no gateway can use it, another contact method is asked for."""
        methods = {intent.id: self._ways(intent) for intent in intents}
        recipients: dict[UUID, Found] = {intent.id: NoRecipient(_no_way(intent)) for intent in intents}
        to_ask = [intent for intent in intents if methods[intent.id]]
        while to_ask:
            answers = await self._ask(to_ask, methods)
            for id, answer in answers.items():
                if isinstance(answer, _NoAddress):
                    methods[id].remove(answer.means)
                if not (isinstance(recipients[id], _NoAddress) and isinstance(answer, NoRecipient)):
                    recipients[id] = answer
            to_ask = [intent for intent in to_ask if isinstance(answers[intent.id], _NoAddress) and methods[intent.id]]
        return recipients

    def _ways(self, intent: Intent) -> list[ContactMethod]:
        methods = means_for(ChannelKind(intent.body["channel_kind"]))
        return [means for means in methods if self.gateways.get(means, "") not in {"", *intent.avoided}]

    async def _ask(
        self, intents: Sequence[Intent], methods: Mapping[UUID, Sequence[ContactMethod]]
    ) -> dict[UUID, Found]:
        """Ask intake. If it fails on a batch, ask for each half of the batch, so that only the message that makes it
        fail is put off."""
        answer = await self._post(intents, methods)
        if answer.status_code in _AWAY:
            raise RecipientsUnavailable(f"intake answered {answer.status_code}")
        if answer.status_code == 200:
            return self._read(intents, answer, methods)
        if len(intents) == 1:
            return {intents[0].id: PutOff(f"intake answered {answer.status_code}", WAITS)}
        middle = len(intents) // 2
        return await self._ask(intents[:middle], methods) | await self._ask(intents[middle:], methods)

    async def _post(self, intents: Sequence[Intent], methods: Mapping[UUID, Sequence[ContactMethod]]) -> httpx.Response:
        headers = self.tokens.service_headers(Service.FEEDBACK)
        questions = [
            {
                "number": intent.body["number"],
                "contact": intent.body["contact"],
                "ways": methods[intent.id],
                "why": intent.body["template"],
                # An intake of the version before does not know this field, so it is sent only if it is needed.
                **({} if self.despite_opt_out(intent) else {"unless_opted_out": True}),
            }
            for intent in intents
        ]
        try:
            return await self.intake.post("/v1/contacts", json={"questions": questions}, headers=headers)
        except httpx.RequestError as fault:
            raise RecipientsUnavailable(repr(fault)) from None

    def _read(
        self, intents: Sequence[Intent], answer: httpx.Response, methods: Mapping[UUID, Sequence[ContactMethod]]
    ) -> dict[UUID, Found]:
        try:
            answers = _Answers.model_validate_json(answer.content).answers
        except ValidationError:
            answers = ()
        if len(answers) != len(intents):
            raise RecipientsUnavailable("another program answers instead of intake: check HUYING_INTAKE_URL")
        return {
            intent.id: self._found(intent, answer, methods[intent.id])
            for intent, answer in zip(intents, answers, strict=True)
        }

    def _found(self, intent: Intent, answer: _ContactAnswer, methods: Sequence[ContactMethod]) -> Found:
        if answer.way and answer.address:
            means, address = answer.way, usable(answer.way, answer.address)
            if address is None:
                return _NoAddress(means)
            line = own_line(intent.body["template"], bool(intent.body.get("urgent")))
            return Recipient(means, address, mark(means, address, self.tokens.secret, line), self.gateways[means])
        match answer.state:
            case "erased":
                return NoRecipient(ERASED)
            case "nothing-left":
                return NoRecipient(NOTHING_LEFT.format(means=", ".join(methods)))
            case "opted-out":
                return NoRecipient(OPTED_OUT)
        return PutOff(f"intake says of the demand: {answer.state}", WAITS)


def _no_way(intent: Intent) -> str:
    if intent.avoided:
        return f"they are not reached by {', '.join(sorted(intent.avoided))}, and there is no other gateway"
    return "no gateway is configured for any of their contacts"
