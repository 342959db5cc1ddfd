"""Asks intake how a citizen can be reached, in the name of the person who looks; keeps nothing of the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.settings import StaffSettings
from shared.identity.staff_tokens import StaffTokens

TIMEOUT: Final = httpx.Timeout(5, connect=2)
MINUTE: Final = 1 / 60
"""Hours that the token for one look is good."""


@dataclass(frozen=True, slots=True)
class ContactReader:
    """The way from the desk to the vault; intake decides who may look, and tells it in the demand's record."""

    intake: httpx.AsyncClient
    tokens: StaffTokens

    @classmethod
    def at(cls, url: str, settings: StaffSettings) -> "ContactReader":
        """That of the intake at this address."""
        client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False)
        return cls(client, StaffTokens.of(settings))

    async def read(self, number: str, why: str, person: Person) -> Mapping[str, str]:
        """Personal data by name, such as `phone`; raises `Refused`."""
        token, _ = self.tokens.write(person, MINUTE)
        try:
            answer = await self.intake.post(
                f"/v1/demands/{number}/contact", json={"why": why}, headers={"Authorization": f"Bearer {token}"}
            )
        except httpx.RequestError:
            raise Refused(Code.UNAVAILABLE, "intake does not answer; try again", "暂时无法查阅，请稍后重试") from None
        if answer.status_code != 200:
            raise _refused(answer)
        body: dict[str, Any] = answer.json()
        return {name: str(value) for name, value in body.items() if isinstance(value, str) and name != "number"}


def _refused(answer: httpx.Response) -> Refused:
    try:
        problem = answer.json()
        code = Code(str(problem["type"]).rpartition("/")[2])
        return Refused(code, str(problem["detail_en"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        en = f"intake answered {answer.status_code}; check HUYING_INTAKE_URL"
        return Refused(Code.UNAVAILABLE, en, "查阅服务暂时不可用，请稍后重试")
