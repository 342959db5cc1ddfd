"""Calls another service in the name of the person at the desk, with a token that is valid for a minute."""

from dataclasses import dataclass
from typing import Any, Final

import httpx

from shared.chassis.http.service_client import service_client
from shared.contracts.refusals import Code, Refused
from shared.identity.person import Person
from shared.identity.settings import StaffSettings
from shared.identity.staff_tokens import StaffTokens

TIMEOUT: Final = httpx.Timeout(5, connect=2)
MINUTE: Final = 1 / 60
"""The validity of the token, in hours."""


@dataclass(frozen=True, slots=True)
class StaffClient:
    """A client of the service named `service`, which decides what the person may see and do."""

    service: str
    client: httpx.AsyncClient
    tokens: StaffTokens

    @classmethod
    def at(cls, service: str, url: str, settings: StaffSettings) -> "StaffClient":
        """The client of the service at this URL."""
        client = service_client(url, TIMEOUT)
        return cls(service, client, StaffTokens.of(settings))

    async def answer(self, method: str, path: str, person: Person, **request: Any) -> httpx.Response:
        """Send a request and return the answer; raises `Refused` with the service's text if it refuses, or if it does
        not answer."""
        token, _ = self.tokens.write(person, MINUTE)
        headers = {"Authorization": f"Bearer {token}", **request.pop("headers", {})}
        try:
            answer = await self.client.request(method, path, headers=headers, **request)
        except httpx.RequestError:
            en, zh = f"{self.service} does not answer; try again", "暂时无法查阅，请稍后重试"
            raise Refused(Code.UNAVAILABLE, en, zh) from None
        if not answer.is_success:
            raise self._refused(answer)
        return answer

    def _refused(self, answer: httpx.Response) -> Refused:
        try:
            problem = answer.json()
            code = Code(str(problem["type"]).rpartition("/")[2])
            return Refused(code, str(problem["detail_en"]), str(problem["detail"]))
        except (ValueError, KeyError, TypeError):
            en = f"{self.service} answered {answer.status_code}; check HUYING_{self.service.upper()}_URL"
            return Refused(Code.UNAVAILABLE, en, "查阅服务暂时不可用，请稍后重试")
