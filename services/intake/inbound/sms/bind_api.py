"""The HTTP route by which feedback hands over text messages that came on its SMPP bind."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.intake.channels.gateway_settings import GatewayRegistry
from services.intake.inbound.message import readable
from services.intake.inbound.sms.request import Sms, words_in
from services.intake.inbound.sms.text_taker import TextTaker
from shared.contracts.refusals import Code, Refused
from shared.contracts.text import Text
from shared.contracts.wording import Inner, Sealed
from shared.identity.callers import Caller, Callers

LONGEST: Final = 65536
"""An SMPP message has at most so many bytes; no field is longer."""


class BindText(BaseModel):
    """One message of the centre. `id` is the same each time that it is handed over. `words` are its bytes as
    hexadecimal, with the header if it is a part. `sender` is empty if the centre gives none."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: UUID
    sender: Annotated[str, Field(max_length=LONGEST, repr=False), Sealed("kept in the vault")]
    words: Annotated[
        str,
        Field(max_length=2 * LONGEST, pattern="^([0-9a-f]{2})*$", repr=False),
        Inner("read as a text message is"),
    ]
    charset: Literal["utf-8", "gb18030", "utf-16-be"]


@dataclass(frozen=True, slots=True)
class BindTexts:
    """Handles these messages; only services may send them."""

    registry: GatewayRegistry
    texts: TextTaker
    callers: Callers

    async def take(self, channel: str, text: BindText, by: Caller) -> None:
        """Handle a message, each once. Raises `Refused` if the channel is not set up for it, but never with a code that
        is about the message, because the centre would then drop the message."""
        by.must_be_a_service()
        gateway = await self.registry.gateway(channel)
        words = words_in(bytes.fromhex(text.words), text.charset)
        try:
            await self.texts.take(gateway, Sms(readable(text.sender)[:32], str(text.id), words))
        except Refused as fault:
            if fault.code is not Code.INVALID:
                raise
            raise Refused(Code.UNAVAILABLE, fault.en, fault.zh, fault.errors) from None


def routes(texts: BindTexts) -> APIRouter:
    """The route between services, which is in no API document."""
    router = APIRouter(include_in_schema=False)
    By = Annotated[Caller, Depends(texts.callers)]  # noqa: N806 (a type)

    @router.post("/inbound/sms/{channel}/texts", status_code=204)
    async def take_text(channel: Text, text: BindText, by: By) -> None:
        """Take a text message that came on a bind."""
        await texts.take(channel, text, by)

    return router
