"""The page on which a citizen rates the answer; works without a script."""

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.feedback.domain import RateDemand
from services.feedback.ratings import Ratings
from shared.chassis import headers
from shared.contracts.demand import Demand, Status
from shared.contracts.facts import Outcome
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.web.pages import Pages

Token = Annotated[str, UrlPath(max_length=400)]
LEVELS: Final = (
    (5, "非常满意", "Very satisfied"),
    (4, "满意", "Satisfied"),
    (3, "基本满意", "Fairly satisfied"),
    (2, "不满意", "Dissatisfied"),
    (1, "非常不满意", "Very dissatisfied"),
)
"""GB/T 39734-2020."""


def routes(ratings: Ratings) -> APIRouter:
    """The rating page."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(_private)])
    pages = Pages(Path(__file__).parent / "templates")

    @router.get("/rate/{token}")
    async def ask(token: Token) -> HTMLResponse:
        try:
            demand = await ratings.demand(token)
        except Refused as refused:
            return _refused(pages, refused)
        if demand.status not in (Status.RESOLVED, Status.DECLINED):
            return pages.render("rated.html", _told(demand))
        return pages.render("rate.html", _told(demand) | {"levels": LEVELS, "missing": False})

    @router.post("/rate/{token}")
    async def answer(
        token: Token,
        rating: Annotated[str, Form()] = "",
        solved: Annotated[str, Form()] = "",
        comment: Annotated[str, Form()] = "",
    ) -> HTMLResponse:
        try:
            demand = await ratings.demand(token)
            verdict = RateDemand.model_validate({"rating": rating, "solved": solved, "comment": comment})
            return pages.render("rated.html", _told(await ratings.rate(token, verdict)), status=201)
        except ValidationError:
            return pages.render("rate.html", _told(demand) | {"levels": LEVELS, "missing": True}, status=422)
        except Refused as refused:
            return _refused(pages, refused)

    return router


def _told(demand: Demand) -> dict[str, Any]:
    declined = demand.status is Status.DECLINED
    return {"lang": "zh", "demand": demand, "declined": declined, "ending": _ending(demand)}


def _ending(demand: Demand) -> str:
    """Why there is nothing to rate now."""
    match demand.status:
        case Status.REOPENED:
            return "reopened"
        case Status.CONFIRMED:
            return "rated"
        case Status.CLOSED if demand.outcome in (Outcome.CONFIRMED, Outcome.DISPUTED):
            return "rated"
        case Status.CLOSED | Status.WITHDRAWN:
            return "over"
        case _:
            return "early"


async def _private() -> None:
    headers.add(headers.PRIVATE)


def _refused(pages: Pages, refused: Refused) -> HTMLResponse:
    answer = ANSWERS[refused.code]
    if refused.code is Code.UNAUTHENTICATED:
        return pages.render("broken_link.html", {"lang": "zh"}, status=answer.status)
    told = {"lang": "zh", "title": answer.zh, "detail": refused.zh or refused.en}
    return pages.render("refused.html", told, status=answer.status)
