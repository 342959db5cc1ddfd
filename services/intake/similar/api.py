"""Similar demands over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.parameters import Number
from services.intake.similar.finder import SimilarFinder
from services.intake.similar.view import Like
from services.intake.submission.domain import SubmitDemand
from services.intake.tracking.lookup import DemandLookup
from shared.contracts.codes import GivenCode
from shared.contracts.demand.facts import Location
from shared.contracts.examples import with_examples
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, by_citizen

MOST = 5


class Draft(BaseModel):
    """A demand that is still being written."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=with_examples(examples.DRAFTED))

    title: Annotated[Text, Field(min_length=1, max_length=200, examples=["校车接送点没有风雨棚"]), by_citizen()]
    text: Annotated[Text, Field(max_length=8000, examples=["下雨天学生在路边淋雨候车"]), by_citizen()] = ""
    division: Annotated[
        GivenCode | None, Field(examples=["440605126222"], description="division code; not needed with a point")
    ] = None
    jurisdiction: Annotated[
        Annotated[str, Identifier("a pack's id")] | None, Field(max_length=64, examples=["nanhai"])
    ] = None
    location: Annotated[Location | None, Field(examples=[{"lat": 23.0288, "lon": 113.1428}])] = None

    def command(self) -> SubmitDemand:
        """The demand that it would become."""
        return SubmitDemand.model_validate(dict(self))


class Likes(BaseModel):
    """The most similar first; empty when none is similar enough."""

    model_config = ConfigDict(json_schema_extra=with_examples({"similar": [examples.LIKE]}))

    similar: list[Like]


def routes(finder: SimilarFinder, lookup: DemandLookup) -> APIRouter:
    """While a citizen types, and when the demand was taken in."""
    router = APIRouter(tags=["intake"])
    Speaker = Annotated[Channel, Depends(channel_with(finder.pool, "submit"))]  # noqa: N806 (a type)

    @router.post("/v1/demands/similar")
    async def find_similar_demands(draft: Draft, channel: Speaker) -> Likes:
        """Open demands nearby that this one may repeat, each with the reasons of its score, as the public sees them."""
        return Likes(similar=await finder.as_seen(await finder.find(channel, draft.command(), MOST)))

    @router.get("/v1/demands/{number}/similar")
    async def list_similar_demands(number: Number, channel: Speaker) -> Likes:
        """Open demands nearby that a demand of this channel may repeat: support one of them, or let both stand."""
        demand = await lookup.readable(channel, number)
        return Likes(similar=await finder.as_seen(await finder.beside(demand.id, MOST)))

    return router
