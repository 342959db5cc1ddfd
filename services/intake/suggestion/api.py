"""Suggested categories over HTTP."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from services.intake import examples
from services.intake.channels.channel import Channel
from services.intake.channels.keys import channel_with
from services.intake.submission import domain
from services.intake.submission.domain import SubmitDemand
from services.intake.submission.placing import placed
from services.intake.suggestion.ranking import Source, Suggestion
from services.intake.suggestion.suggester import Suggester
from shared.chassis.base.clock import now
from shared.chassis.database.pool import Pool
from shared.contracts.codes import GivenCode
from shared.contracts.demand.facts import Location
from shared.contracts.examples import with_examples
from shared.contracts.text import Text
from shared.contracts.wording import Identifier, Plain
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack

ASKED: Final = Plain("suggestions are made from it, and nothing keeps it")


class Words(BaseModel):
    """The text that the citizen has written so far."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=with_examples(examples.WORDS))

    title: Annotated[Text, Field(min_length=1, max_length=200, examples=["校车接送点没有风雨棚"]), ASKED]
    text: Annotated[Text, Field(max_length=8000, examples=["下雨天学生在路边淋雨候车"]), ASKED] = ""
    division: Annotated[
        GivenCode | None,
        Field(examples=["440605126222"], description="division code; without it, the channel's own"),
    ] = None
    jurisdiction: Annotated[
        Annotated[str, Identifier("a pack's id")] | None, Field(max_length=64, examples=["nanhai"])
    ] = None
    location: Annotated[Location | None, Field(examples=[{"lat": 23.0288, "lon": 113.1428}])] = None


class Suggested(BaseModel):
    """One category that it may be about."""

    category: str
    name: str
    name_en: str
    probability: float = Field(ge=0, le=1)
    source: Source
    because: list[str] = Field(description="the keywords that were found")


class Trained(BaseModel):
    """The model that was asked."""

    trained_at: datetime
    demands: int


class Ranked(BaseModel):
    """Likeliest first. Not sure: show them, and let the citizen or a dispatcher choose."""

    model_config = ConfigDict(json_schema_extra=with_examples(examples.RANKED))

    suggestions: list[Suggested]
    sure: bool
    model: Trained | None = Field(description="null: none is trained here, keywords alone suggest (无模型，仅按关键词)")


def routes(pool: Pool, suggester: Suggester, packs: Jurisdictions) -> APIRouter:
    """One route: while a citizen types."""
    router = APIRouter(tags=["intake"])

    @router.post("/v1/demands/suggestions")
    async def suggest_categories(
        words: Words, channel: Annotated[Channel, Depends(channel_with(pool, "submit"))]
    ) -> Ranked:
        """The likely categories of a demand, and whether the first one is sure enough to be used without asking."""
        draft, home, _ = placed(SubmitDemand.model_validate(dict(words)), channel.division, packs)
        pack = domain.check(draft, home, now())
        ranking = suggester.suggest(pack, words.title, words.text)
        model = suggester.model(pack.id)
        return Ranked(
            suggestions=[_named(pack, suggestion) for suggestion in ranking.suggestions],
            sure=ranking.sure,
            model=Trained(trained_at=model.trained_at, demands=model.demands) if model else None,
        )

    return router


def _named(pack: Pack, suggestion: Suggestion) -> Suggested:
    category = pack.category(suggestion.category)
    assert category, "only categories of the pack are suggested"
    return Suggested(
        category=suggestion.category,
        name=category.name.zh,
        name_en=category.name.en,
        probability=round(suggestion.probability, 3),
        source=suggestion.source,
        because=list(suggestion.because),
    )
