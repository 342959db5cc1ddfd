"""The HTTP routes by which a citizen reads an answer and rates it, with the signed link of a message."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from services.feedback.ratings.domain import RateDemand
from services.feedback.ratings.handler import AnsweredDemand, RatingHandler
from shared.contracts.demand.facts import Outcome
from shared.contracts.demand.state import Demand, Status
from shared.contracts.examples import NUMBER, TITLE, with_examples

Token = Annotated[str, Path(max_length=400)]


class Verdict(BaseModel):
    """Where the demand stands after the verdict."""

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {"number": NUMBER, "title": TITLE, "status": "closed", "rating": 5, "solved": True, "outcome": "confirmed"}
        )
    )

    number: str
    title: str
    status: Status
    rating: int | None
    solved: bool | None
    outcome: Outcome | None

    @classmethod
    def of(cls, demand: Demand) -> "Verdict":
        """The verdict of a demand, without the fields that only staff may see."""
        return cls.model_validate(demand, from_attributes=True)


class RatedDemand(Verdict):
    """The demand that a link is for, with its last answer; what is not known is empty."""

    model_config = ConfigDict(
        json_schema_extra=with_examples(
            {
                "number": NUMBER, "title": TITLE, "status": "closed", "rating": 5, "solved": True,
                "outcome": "confirmed", "may_rate": False, "result": "护苗长廊已竣工", "summary": "",
                "reason": "", "instead": "", "legal_basis": "",
            }
        )
    )  # fmt: skip

    may_rate: bool = Field(description="whether a verdict is taken now")
    result: str = Field("", description="the unit's answer")
    summary: str = Field("", description="the answer as it was released for publication")
    reason: str = Field("", description="of a refusal")
    instead: str = Field("", description="of a refusal: what the citizen can do instead")
    legal_basis: str = Field("", description="of a refusal")

    @classmethod
    def shown(cls, shown: AnsweredDemand) -> "RatedDemand":
        """The demand as its page shows it. A supporter of a report (举报) gets no texts of it."""
        verdict = Verdict.of(shown.demand).model_dump() | {"may_rate": shown.may_rate}
        return cls.model_validate(verdict | dict(shown.answer) | ({"title": ""} if shown.is_hidden else {}))


def routes(ratings: RatingHandler) -> APIRouter:
    """The routes that show and rate a demand."""
    router = APIRouter(tags=["feedback"])

    @router.get("/v1/ratings/{token}")
    async def get_rated_demand(token: Token) -> RatedDemand:
        """The demand that the link of a message is for, with the answer that is to be rated."""
        return RatedDemand.shown(await ratings.shown(token))

    @router.post("/v1/ratings/{token}", status_code=201)
    async def rate_demand(token: Token, verdict: RateDemand) -> Verdict:
        """Rate the answer (1 very dissatisfied … 5 very satisfied) and say whether the matter is solved.

        The same verdict sent again is answered as at first; another one afterwards is refused.
        """
        return Verdict.of(await ratings.rate(token, verdict))

    return router
