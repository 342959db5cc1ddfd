"""The HTTP routes that show a contact with a reason, and erase it."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict

from services.intake.parameters import Number
from services.intake.personal_data.handler import PersonalDataHandler
from services.intake.vault.personal import Erase, Personal, Reveal
from shared.chassis.http.response_headers import PRIVATE
from shared.contracts.examples import NUMBER, with_examples
from shared.identity.callers import Caller


class Erased(BaseModel):
    """The person is gone; the demand and the statistics stay."""

    model_config = ConfigDict(json_schema_extra=with_examples({"number": NUMBER, "erased_at": "2021-06-30T01:00:00Z"}))

    number: str
    erased_at: datetime


def routes(contacts: PersonalDataHandler) -> APIRouter:
    """The routes that reveal and erase personal data."""
    router = APIRouter(tags=["contacts"], prefix="/v1/demands/{number}/contact")
    By = Annotated[Caller, Depends(contacts.callers)]  # noqa: N806 (a type)

    @router.post("", response_model_exclude_none=True)
    async def reveal_contact(number: Number, command: Reveal, by: By, response: Response) -> Personal:
        """Personal data of a demand; who saw which fields and why becomes part of its record."""
        personal_data = await contacts.reveal(number, command, by)
        response.headers.update(PRIVATE)
        return personal_data

    @router.post("/erasure")
    async def erase_contact(number: Number, command: Erase, by: By) -> Erased:
        """Destroy the key of the demand's personal data, for good; again changes nothing."""
        return Erased(number=number, erased_at=await contacts.erase(number, command, by))

    return router
