"""Asks intake for the addresses that messages need, at the moment of sending, many at once; keeps none of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx
from pydantic import BaseModel, Field, ValidationError

from services.feedback.gateways.recipients import ContactMethod, Recipient, mark, means_for
from shared.chassis.base.tokens import SERVICE_MAX_AGE, Tokens
from shared.chassis.http.service_client import service_client
from shared.chassis.work.intents import Away, Intent, NoRecipient, PutOff
from shared.contracts.demand.facts import ChannelKind
from shared.contracts.demand.state import Service

TIMEOUT: Final = httpx.Timeout(10, connect=2)
ERASED: Final = "the personal data was erased at the citizen's request"
NOTHING_LEFT: Final = "the citizen left none of: {means}"
OPTED_OUT: Final = "they want no messages any more, and the pack sends this one to nobody who said so"
WAITS: Final = "intake"
"""Why a message waits for which intake gives no usable answer."""
_AWAY: Final = frozenset({401, 403, 404, 405, 429, 502, 503, 504})
"""What says nothing about the messages: intake is away, overloaded, of the version before, or takes our secret for a
wrong one."""
Found = NoRecipient | PutOff | Recipient


class _Answer(BaseModel):
    state: str
    way: ContactMethod | None = None
    address: str | None = Field(None, repr=False)


class _Answers(BaseModel):
    answers: tuple[_Answer, ...]


@dataclass(frozen=True, slots=True)
class ContactClient:
    """The only way from feedback to an address; intake tells in the demand's record that it was shown, and why.

    `gateways`: by which gateway each way of reaching somebody leaves. There is no asking for an address that none would
    take. `despite_opt_out`: whether a message goes to somebody who wants none any more.
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
        """Those of the intake at this address."""
        client = service_client(url, TIMEOUT)
        return cls(client, Tokens(secret, SERVICE_MAX_AGE), gateways, despite_opt_out)

    async def recipients(self, intents: Sequence[Intent]) -> dict[UUID, Found]:
        """Whom these messages go to; raises `Away`."""
        ways = {intent.id: self._ways(intent) for intent in intents}
        addressed = [intent for intent in intents if ways[intent.id]]
        found: dict[UUID, Found] = {intent.id: NoRecipient(_no_way(intent)) for intent in intents}
        if addressed:
            found |= await self._asked(addressed, ways)
        return found

    def _ways(self, intent: Intent) -> list[ContactMethod]:
        ways = means_for(ChannelKind(intent.body["channel_kind"]))
        return [means for means in ways if self.gateways.get(means, "") not in {"", *intent.avoided}]

    async def _asked(
        self, intents: Sequence[Intent], ways: Mapping[UUID, Sequence[ContactMethod]]
    ) -> dict[UUID, Found]:
        """What intake answers; where it stumbles over many, it is asked by halves, until the one is found."""
        answer = await self._post(intents, ways)
        if answer.status_code in _AWAY:
            raise Away(f"intake answered {answer.status_code}")
        if answer.status_code == 200:
            return self._read(intents, answer, ways)
        if len(intents) == 1:
            return {intents[0].id: PutOff(f"intake answered {answer.status_code}", WAITS)}
        middle = len(intents) // 2
        return await self._asked(intents[:middle], ways) | await self._asked(intents[middle:], ways)

    async def _post(self, intents: Sequence[Intent], ways: Mapping[UUID, Sequence[ContactMethod]]) -> httpx.Response:
        headers = self.tokens.service_headers(Service.FEEDBACK)
        questions = [
            {
                "number": intent.body["number"],
                "contact": intent.body["contact"],
                "ways": ways[intent.id],
                "why": intent.body["template"],
                # Intakes of the version before do not know the word: what needs none is asked as before.
                **({} if self.despite_opt_out(intent) else {"unless_opted_out": True}),
            }
            for intent in intents
        ]
        try:
            return await self.intake.post("/v1/contacts", json={"questions": questions}, headers=headers)
        except httpx.RequestError as fault:
            raise Away(repr(fault)) from None

    def _read(
        self, intents: Sequence[Intent], answer: httpx.Response, ways: Mapping[UUID, Sequence[ContactMethod]]
    ) -> dict[UUID, Found]:
        try:
            answers = _Answers.model_validate_json(answer.content).answers
        except ValidationError:
            answers = ()
        if len(answers) != len(intents):
            raise Away("what answers is not intake: check HUYING_INTAKE_URL")
        return {
            intent.id: self._found(answer, ways[intent.id]) for intent, answer in zip(intents, answers, strict=True)
        }

    def _found(self, answer: _Answer, ways: Sequence[ContactMethod]) -> Found:
        if answer.way and answer.address:
            means, address = answer.way, answer.address
            return Recipient(means, address, mark(means, address, self.tokens.secret), self.gateways[means])
        match answer.state:
            case "erased":
                return NoRecipient(ERASED)
            case "nothing-left":
                return NoRecipient(NOTHING_LEFT.format(means=", ".join(ways)))
            case "opted-out":
                return NoRecipient(OPTED_OUT)
        return PutOff(f"intake says of the demand: {answer.state}", WAITS)


def _no_way(intent: Intent) -> str:
    if intent.avoided:
        return f"they are not reached by {', '.join(sorted(intent.avoided))}, and there is no other gateway"
    return "no gateway is set up for any way to reach them"
