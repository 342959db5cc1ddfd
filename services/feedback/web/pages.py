"""The page on which a citizen rates an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.feedback.ratings.domain import RateDemand, close_at
from services.feedback.ratings.handler import AnsweredDemand, RatingHandler
from services.feedback.web.words import LEVELS, SOLVED, spent
from shared.chassis.http.page_route import PageRoute, error_text
from shared.chassis.http.problem_details import retry_after
from shared.contracts.demand.state import Status
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.identity.citizen_links import BrokenLink, follow_path, rate_path
from shared.identity.visitors import Visitors
from shared.web.moment_words import day_words
from shared.web.page_language import Bilingual, InLanguage, Lang
from shared.web.pages import Pages

Token = Annotated[str, UrlPath(max_length=400)]
Language = Annotated[Lang, Query(description="zh or en")]
PAGES: Final = Pages(Path(__file__).parent / "templates")
LONGEST: Final = 2000
"""A comment has at most so many characters."""
_TYPED: Final = ("rating", "solved", "comment")
"""The form's fields with one value; `tags` has several."""
_ERRORS: Final = {
    "rating": Bilingual("请选择满意程度", "Choose how satisfied you are"),
    "solved": Bilingual("请选择问题是否解决", "Say whether it is solved"),
    "comment": Bilingual(
        f"补充说明最多 {LONGEST} 字，请缩短一些", f"Your words may have {LONGEST} characters: make them shorter"
    ),
}


@dataclass(frozen=True, slots=True)
class RatingVisit(InLanguage):
    """A visit of the page in one language; `csrf` goes into its form."""

    lang: Lang
    csrf: str = ""

    def page(self, path: str) -> dict[str, Any]:
        """The values that every page here needs; `path` is its own address."""
        return self.frame(path, self.csrf)


class RatingPage(PageRoute):
    """A page behind a link; its refusals and faults are shown as pages too."""

    @staticmethod
    def respond(refused: Refused | None, request: Request) -> HTMLResponse:
        """The page that says why something was refused, and leads to the demand."""
        visit = RatingVisit("en" if request.query_params.get("lang") == "en" else "zh")
        old = refused is not None and refused.code is Code.LINK_EXPIRED
        if old or isinstance(refused, BrokenLink):
            return PAGES.render("broken_link.html", visit.page("/follow") | {"old": old}, 410 if old else 403)
        status, title, words = error_text(refused)
        page = PAGES.render(
            "not_taken.html", visit.page("/follow") | {"title": visit.say(*title), "words": visit.say(*words)}, status
        )
        page.headers.update(retry_after(refused) if refused else {})
        return page


def routes(ratings: RatingHandler, visitors: Visitors) -> APIRouter:
    """`/rate/{token}`; how the demand goes on stands on the page that intake serves."""
    router = APIRouter(include_in_schema=False, route_class=RatingPage)

    async def visit_of(request: Request, lang: Lang) -> RatingVisit:
        return RatingVisit(lang, (await visitors.visitor(request)).csrf)

    @router.get("/rate/{token}")
    async def look(token: Token, request: Request, lang: Language = "zh") -> HTMLResponse:
        shown = await ratings.shown(token)
        return _render(shown, token, await visit_of(request, lang))

    @router.post("/rate/{token}")
    async def answer(token: Token, request: Request, lang: Language = "zh") -> Response:
        shown = await ratings.shown(token)
        visit = await visit_of(request, lang)
        form = await request.form()
        typed: dict[str, Any] = {name: str(form.get(name) or "") for name in _TYPED}
        typed["tags"] = [str(tag) for tag in form.getlist("tags")]
        try:
            rated = await ratings.rate(token, RateDemand.model_validate(typed), _version(form))
        except ValidationError as fault:
            wrong = {str(error["loc"][0]) for error in fault.errors(include_input=False)}
            return _render(shown, token, visit, typed, [name for name in _TYPED if name in wrong])
        except Refused as refused:
            # Read again, because the demand may have changed since the page was opened.
            return _render(await ratings.shown(token), token, visit, typed, refused=refused)
        done = "reopened" if rated.status is Status.REOPENED else "rated"
        return RedirectResponse(visit.to(follow_path(token), done=done), status_code=303)

    return router


def _version(form: FormData) -> int | None:
    """The version of the demand that the citizen's page showed; None if the form has none."""
    seen = form.get("seen")
    is_number = isinstance(seen, str) and seen.isascii() and seen.isdigit() and len(seen) < 10
    return int(str(seen)) if is_number else None


def _render(
    shown: AnsweredDemand, token: str, visit: RatingVisit, typed: Mapping[str, Any] | None = None,
    wrong: list[str] | None = None, refused: Refused | None = None,
) -> HTMLResponse:  # fmt: skip
    demand, pack = shown.demand, shown.pack
    closes = close_at(demand, pack)
    until = (
        Bilingual(*day_words(pack.local_day(closes), demand.updated_at.date()))
        if closes and demand.updated_at
        else None
    )
    values = visit.page(rate_path(token)) | {
        "demand": demand,
        "title": "" if shown.is_hidden else demand.title,
        "unit": unit.name if demand.unit and not shown.is_hidden and (unit := pack.unit(demand.unit)) else "",
        "answer": _answer(shown),
        "until": visit.say(*until) if until else "",
        "may_rate": shown.may_rate,
        "declined": demand.status is Status.DECLINED,
        "became": "" if shown.may_rate else visit.say(*spent(shown)),
        "follow": visit.to(follow_path(token)),
        "rate": visit.to(rate_path(token)),
        "levels": [(value, visit.say(*words)) for value, words in LEVELS],
        "solved": [(value, visit.say(*words)) for value, words in SOLVED],
        "tags": [(tag.code, getattr(tag.name, visit.lang)) for tag in pack.callback.tags],
        "typed": typed or dict.fromkeys(_TYPED, "") | {"tags": []},
        "errors": {name: visit.say(*_ERRORS[name]) for name in wrong or () if shown.may_rate},
        "problem": visit.say(refused.zh or refused.en, refused.en) if refused else "",
    }
    status = ANSWERS[refused.code].status if refused else 422 if wrong else 200
    return PAGES.render("rate.html", values, status)


def _answer(shown: AnsweredDemand) -> dict[str, str] | None:
    """The texts of the answer by the names of their fields; a text that stands in two fields is shown once."""
    words = {name: shown.answer.get(name, "") for name in ("result", "summary", "reason", "instead", "legal_basis")}
    if words["summary"] == words["result"]:
        words["summary"] = ""
    return words if any(words.values()) else None
