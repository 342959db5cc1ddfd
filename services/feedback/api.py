"""Feedback over HTTP: the citizen's verdict by a signed link."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from services.feedback.domain import RateDemand
from services.feedback.ratings import Ratings
from shared.contracts.demand import Demand, Status
from shared.contracts.examples import NUMBER, TITLE, shown
from shared.contracts.facts import Outcome

Token = Annotated[str, Path(max_length=400)]


class Verdict(BaseModel):
    """Where the demand stands after the verdict."""

    model_config = ConfigDict(
        json_schema_extra=shown(
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
        """Without anything that only staff may see."""
        return cls.model_validate(demand, from_attributes=True)


def routes(ratings: Ratings) -> APIRouter:
    """Feedback's routes."""
    router = APIRouter(tags=["feedback"])

    @router.get("/v1/ratings/{token}")
    async def get_rated_demand(token: Token) -> Verdict:
        """The demand that a link asks about."""
        return Verdict.of(await ratings.demand(token))

    @router.post("/v1/ratings/{token}", status_code=201)
    async def rate_demand(token: Token, verdict: RateDemand) -> Verdict:
        """Rate the answer (1 very dissatisfied … 5 very satisfied) and say whether the matter is solved."""
        return Verdict.of(await ratings.rate(token, verdict))

    return router
