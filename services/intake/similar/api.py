"""Similar demands over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.channels import channel_with
from services.intake.domain import SubmitDemand
from services.intake.following import Following
from services.intake.queries import Channel
from services.intake.similar.finder import Finder
from services.intake.similar.scoring import Aspect, Match
from shared.contracts.demand import Demand, Status
from shared.contracts.examples import NUMBER, shown
from shared.contracts.facts import Location
from shared.contracts.text import Text

MOST = 5
Number = Annotated[str, Path(max_length=40, examples=[NUMBER])]


class Draft(BaseModel):
    """A demand that is still being written."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=shown(examples.DRAFTED))

    title: Annotated[Text, Field(min_length=1, max_length=200, examples=["校车接送点没有风雨棚"])]
    text: Annotated[Text, Field(max_length=8000, examples=["下雨天学生在路边淋雨候车"])] = ""
    division: Annotated[str, Field(max_length=32, examples=["440605126222"], description="division code")]
    location: Annotated[Location | None, Field(examples=[{"lat": 23.0288, "lon": 113.1428}])] = None

    def command(self) -> SubmitDemand:
        """The demand that it would become."""
        return SubmitDemand(title=self.title, text=self.text, division=self.division, location=self.location)


class Why(BaseModel):
    """A part of the score, from 0 to 1."""

    aspect: Aspect
    value: float
    zh: str
    en: str


class Like(BaseModel):
    """An open demand that may be the same."""

    number: str
    title: str = Field(description="masked")
    category: str | None
    status: Status
    division: str
    distance_m: int | None
    raised: datetime
    score: float = Field(ge=0, le=1)
    reasons: list[Why]


class Likes(BaseModel):
    """The most similar first; empty when none is similar enough."""

    model_config = ConfigDict(json_schema_extra=shown({"similar": [examples.LIKE]}))

    similar: list[Like]


def routes(finder: Finder, following: Following) -> APIRouter:
    """While a citizen types, and when the demand was taken in."""
    router = APIRouter(tags=["intake"])
    Speaker = Annotated[Channel, Depends(channel_with(finder.pool, "submit"))]  # noqa: N806 (a type)

    @router.post("/v1/demands/similar")
    async def find_similar_demands(draft: Draft, channel: Speaker) -> Likes:
        """Open demands nearby that this one may repeat, each with the reasons of its score."""
        found = await finder.find(draft.command(), MOST)
        return Likes(similar=[_like(match, demand) for match, demand in found])

    @router.get("/v1/demands/{number}/similar")
    async def list_similar_demands(number: Number, channel: Speaker) -> Likes:
        """Open demands nearby that a demand of this channel may repeat: support one of them, or let both stand."""
        asked = await following.seen(channel, number)
        found = await finder.beside(asked.id, MOST)
        return Likes(similar=[_like(match, demand) for match, demand in found])

    return router


def _like(match: Match, demand: Demand) -> Like:
    return Like(
        number=demand.number,
        title=demand.title,
        category=demand.category,
        status=demand.status,
        division=demand.division,
        distance_m=None if match.distance_m is None else round(match.distance_m),
        raised=match.candidate.raised_at,
        score=round(match.score, 3),
        reasons=[Why(aspect=r.aspect, value=round(r.value, 3), zh=r.zh, en=r.en) for r in match.reasons],
    )
