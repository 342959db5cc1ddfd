"""Asks intake for contacts and files and uploads files to it, all in the name of the person; nothing is stored here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

import httpx

from services.routing.web.staff_client import StaffClient
from shared.identity.person import Person
from shared.identity.settings import StaffSettings

Wish = Literal["consent", "refusal"]
"""What a citizen says about publication, as it is named in paths."""
UPLOAD_TIMEOUT: Final = httpx.Timeout(60, connect=2)
"""Seconds for an upload: a large document is read, scanned and made anew."""


@dataclass(frozen=True, slots=True)
class Revealed:
    """The personal data that a person was shown: fields by name, such as `phone`, and the numbers of the citizen's
    other demands."""

    named: Mapping[str, str]
    earlier: Sequence[str]


@dataclass(frozen=True, slots=True)
class IntakeReader:
    """The client of intake for the desk; intake decides who may see what."""

    intake: StaffClient

    @classmethod
    def at(cls, url: str, settings: StaffSettings) -> "IntakeReader":
        """The client of the intake at this URL."""
        return cls(StaffClient.at("intake", url, settings))

    async def contact(self, number: str, why: str, person: Person) -> Revealed:
        """Personal data; intake tells in the demand's record who looked, and why. Raises `Refused`."""
        answer = await self.intake.answer("POST", f"/v1/demands/{number}/contact", person, json={"why": why})
        body: dict[str, Any] = answer.json()
        named = {name: value for name, value in body.items() if isinstance(value, str) and name != "number"}
        if body.get("said"):
            named["said"] = "\n".join(body["said"])
        return Revealed(named, [str(other) for other in body.get("earlier", ())])

    async def record_wish(self, number: str, wish: Wish, said_by: str, key: str, person: Person) -> None:
        """The citizen agrees to publication or refuses it, as `said_by` told this person; raises `Refused`."""
        path, headers = f"/v1/demands/{number}/publication-{wish}/heard", {"Idempotency-Key": key}
        await self.intake.answer("POST", path, person, json={"said_by": said_by}, headers=headers)

    async def file(self, reference: str, person: Person) -> httpx.Response:
        """A file of a demand, with the headers that keep a browser from running it; raises `Refused`."""
        return await self.intake.answer("GET", f"/v1/attachments/{quote(reference, safe='')}", person)

    async def hand_in(self, number: str, content: bytes, person: Person) -> str:
        """Upload a file for this demand; returns its reference. Raises `Refused`."""
        path = f"/v1/attachments/evidence/{number}"
        answer = await self.intake.answer(
            "POST", path, person, files={"file": ("file", content)}, timeout=UPLOAD_TIMEOUT
        )
        return str(answer.json()["reference"])
