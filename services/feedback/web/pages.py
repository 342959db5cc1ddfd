"""The page that the link of a message opens: where a demand stands, the answer, and the rating; without a script."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from services.feedback.ratings.domain import RateDemand, close_at
from services.feedback.ratings.handler import RatingHandler, Shown
from services.feedback.ratings.milestones import Milestone
from services.feedback.web.words import next_steps, standing
from shared.chassis.http import response_headers
from shared.contracts.demand.state import Demand, Status
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.identity.citizen_links import Holder
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


def routes(ratings: RatingHandler) -> APIRouter:
    """The page by its two names; `/rate/` is what messages of the versions before hold."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(_private)])
    pages = Pages(Path(__file__).parent / "templates")

    @router.get("/follow/{token}")
    @router.get("/rate/{token}")
    async def look(token: Token) -> HTMLResponse:
        try:
            return pages.render("demand.html", _told(await ratings.shown(token), token))
        except Refused as refused:
            return _refused(pages, refused)

    @router.post("/rate/{token}")
    async def answer(
        token: Token,
        rating: Annotated[str, Form()] = "",
        solved: Annotated[str, Form()] = "",
        comment: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
    ) -> HTMLResponse:
        try:
            shown = await ratings.shown(token)
            verdict = RateDemand.model_validate({"rating": rating, "solved": solved, "comment": comment})
            version = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None
            rated = await ratings.rate(token, verdict, version)
            return pages.render("rated.html", {"lang": "zh", "ending": _ending(rated), "demand": rated}, status=201)
        except ValidationError:
            return pages.render("demand.html", _told(shown, token) | {"missing": shown.may_rate}, status=422)
        except Refused as refused:
            return _refused(pages, refused)

    return router


def _told(shown: Shown, token: str) -> dict[str, Any]:
    demand, pack = shown.demand, shown.pack
    closes = close_at(demand, pack)
    until = pack.local_day(closes).isoformat() if closes else ""
    return {
        "lang": "zh",
        "token": token,
        "demand": demand,
        "title": "" if shown.is_hidden else demand.title,
        "supporter": shown.holder is Holder.SUPPORTER,
        "standing": standing(shown),
        "due": pack.local_day(demand.due_at).isoformat() if demand.due_at and _is_owed(demand) else "",
        "steps": list(_steps(shown.words, pack.timezone)),
        "answer": _answer(shown),
        "is_current": demand.status not in _AGAIN,
        "next_steps": next_steps(shown, until),
        "may_rate": shown.may_rate,
        "declined": demand.status is Status.DECLINED,
        "levels": LEVELS,
        "missing": False,
    }


_AGAIN: Final = (
    Status.REOPENED, Status.TRIAGE, Status.ROUTED, Status.ACCEPTED, Status.RETURNED, Status.IN_PROGRESS, Status.LISTED,
)  # fmt: skip
"""Where an answer that is known is the one before, which the citizen did not accept."""


def _is_owed(demand: Demand) -> bool:
    return demand.status in _AGAIN


def _answer(shown: Shown) -> dict[str, str] | None:
    """Every word of the answer by name, where there is one; what is said twice once."""
    words = {name: shown.answer.get(name, "") for name in ("result", "summary", "reason", "instead", "legal_basis")}
    if words["summary"] == words["result"]:
        words["summary"] = ""
    return words if any(words.values()) else None


def _steps(words: Sequence[Milestone], timezone: str) -> Iterator[dict[str, str]]:
    """What happened on the way to the answer, with its local day."""
    zone = ZoneInfo(timezone)
    for milestone in words:
        if milestone.kind in ("progressed", "extended", "listed", "merged", "paused", "resumed"):
            day = milestone.at.astimezone(zone).date().isoformat()
            due = milestone.words.get("due_at") or milestone.words.get("until", "")
            until = datetime.fromisoformat(due).astimezone(zone).date().isoformat() if due else ""
            yield {"kind": milestone.kind, "day": day, "until": until, **_FIELDS, **milestone.words}


_FIELDS: Final = {"note": "", "reason": "", "parent_number": ""}


def _ending(demand: Demand) -> str:
    return "reopened" if demand.status is Status.REOPENED else "rated"


async def _private() -> None:
    response_headers.add(response_headers.PRIVATE)


def _refused(pages: Pages, refused: Refused) -> HTMLResponse:
    answer = ANSWERS[refused.code]
    if refused.code is Code.UNAUTHENTICATED:
        return pages.render("broken_link.html", {"lang": "zh"}, status=answer.status)
    told = {"lang": "zh", "title": answer.zh, "zh": refused.zh or refused.en, "en": refused.en}
    return pages.render("not_taken.html", told, status=answer.status)
