"""The HTTP routes with which a channel stops and starts the messages of a demand, and has a lost link sent again."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.notes.lost_link_handler import LostLinkHandler
from services.intake.notes.messages_handler import MessagesHandler
from services.intake.parameters import Number, SecretCode
from services.intake.tracking.lookup import DemandLookup
from shared.contracts.demand.state import Demand
from shared.contracts.examples import NUMBER, with_examples
from shared.contracts.text import Text
from shared.contracts.wording import Sealed


class MessageWish(BaseModel):
    """Whether the citizen wants messages of the demand."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=with_examples({"wanted": False}))

    wanted: bool


class MessagesStand(BaseModel):
    """Whether messages of the demand are sent."""

    model_config = ConfigDict(json_schema_extra=with_examples({"number": NUMBER, "wanted": False}))

    number: str
    wanted: bool | None = Field(description="null where no contact was left: nobody is sent anything")


class LostLink(BaseModel):
    """The telephone that was left with the demand."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        json_schema_extra=with_examples({"phone": "13800138000"}),
    )

    phone: Annotated[
        Text,
        Field(min_length=5, max_length=32, pattern=r"\d", repr=False, examples=["13800138000"]),
        Sealed("compared with what was left, and not kept"),
    ]


class LinkAsked(BaseModel):
    """The same answer whether or not the telephone is the one that was left."""

    model_config = ConfigDict(json_schema_extra=with_examples({"number": NUMBER}))

    number: str


def routes(messages: MessagesHandler, lost: LostLinkHandler, lookup: DemandLookup) -> APIRouter:
    """The routes for messages and for the lost link."""
    router = APIRouter(tags=["intake"], prefix="/v1/demands/{number}")
    Speaker = Annotated[Channel, Depends(channel_with(messages.pool, "submit"))]  # noqa: N806 (a type)

    async def known(number: str, code: str, channel: Channel) -> Demand:
        return await (lookup.by_code(number, code) if code else lookup.own(channel, number))

    async def standing(demand: Demand) -> MessagesStand:
        stopped = await messages.stopped(demand)
        return MessagesStand(number=demand.number, wanted=None if stopped is None else not stopped)

    @router.get("/messages")
    async def get_messages(number: Number, channel: Speaker, code: SecretCode = "") -> MessagesStand:
        """Whether the citizen is sent messages of this demand."""
        return await standing(await known(number, code, channel))

    @router.put("/messages")
    async def set_messages(number: Number, body: MessageWish, channel: Speaker, code: SecretCode = "") -> MessagesStand:
        """Stop the messages of this demand, or have them sent again; those of other demands go on."""
        demand = await known(number, code, channel)
        await (messages.start(demand) if body.wanted else messages.stop(demand))
        return await standing(demand)

    @router.post("/link-requests", status_code=202)
    async def send_link_again(number: Number, body: LostLink, channel: Speaker, later: BackgroundTasks) -> LinkAsked:
        """The code was lost: the link of the demand is sent to the contact that was left, if this is its telephone.
        The answer shows nothing. At most three an hour for a demand, and ten for a telephone; more are not sent."""
        # After the answer, so that its time does not tell whether the telephone fits.
        later.add_task(lost.request, number, body.phone)
        return LinkAsked(number=number)

    return router
