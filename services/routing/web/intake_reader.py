"""Asks intake how a citizen can be reached and for files, and hands files in, all in the name of the person who does
it; keeps nothing of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx

from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.settings import StaffSettings
from shared.identity.staff_tokens import StaffTokens

TIMEOUT: Final = httpx.Timeout(5, connect=2)
UPLOAD_TIMEOUT: Final = httpx.Timeout(60, connect=2)
"""Seconds: a large paper is read, scanned and written anew."""
MINUTE: Final = 1 / 60
"""Hours that the token for one look is good."""


@dataclass(frozen=True, slots=True)
class IntakeReader:
    """The way from the desk to what intake keeps; intake decides who may look."""

    intake: httpx.AsyncClient
    tokens: StaffTokens

    @classmethod
    def at(cls, url: str, settings: StaffSettings) -> "IntakeReader":
        """That of the intake at this address."""
        client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False)
        return cls(client, StaffTokens.of(settings))

    async def contact(self, number: str, why: str, person: Person) -> Mapping[str, str]:
        """Personal data by name, such as `phone`; intake tells in the demand's record who looked, and why. Raises
        `Refused`."""
        answer = await self._answer("POST", f"/v1/demands/{number}/contact", person, json={"why": why})
        body: dict[str, Any] = answer.json()
        return {name: str(value) for name, value in body.items() if isinstance(value, str) and name != "number"}

    async def file(self, reference: str, person: Person) -> httpx.Response:
        """A file of a demand, with the headers that keep it harmless; raises `Refused`."""
        return await self._answer("GET", f"/v1/attachments/{quote(reference, safe='')}", person)

    async def hand_in(self, number: str, content: bytes, person: Person) -> str:
        """The reference of a file that intake keeps for this demand from now on; raises `Refused`."""
        path = f"/v1/attachments/evidence/{number}"
        answer = await self._answer("POST", path, person, files={"file": ("file", content)}, timeout=UPLOAD_TIMEOUT)
        return str(answer.json()["reference"])

    async def _answer(self, method: str, path: str, person: Person, **request: Any) -> httpx.Response:
        token, _ = self.tokens.write(person, MINUTE)
        headers = {"Authorization": f"Bearer {token}"}
        try:
            answer = await self.intake.request(method, path, headers=headers, **request)
        except httpx.RequestError:
            raise Refused(Code.UNAVAILABLE, "intake does not answer; try again", "暂时无法查阅，请稍后重试") from None
        if not answer.is_success:
            raise _refused(answer)
        return answer


def _refused(answer: httpx.Response) -> Refused:
    try:
        problem = answer.json()
        code = Code(str(problem["type"]).rpartition("/")[2])
        return Refused(code, str(problem["detail_en"]), str(problem["detail"]))
    except (ValueError, KeyError, TypeError):
        en = f"intake answered {answer.status_code}; check HUYING_INTAKE_URL"
        return Refused(Code.UNAVAILABLE, en, "查阅服务暂时不可用，请稍后重试")
