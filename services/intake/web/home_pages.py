"""The first page of the portal: raise a demand, follow one, and see the answers of others."""

from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from services.intake.public.api import FRESH
from services.intake.public.lookup import PublicLookup, PublicQuestion
from services.intake.publications.list_queries import ReleasedDemand
from services.intake.tracking.names import address
from services.intake.web import public_view
from services.intake.web.month_figures import FigureReader, MonthFigures
from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.visit import PageVisit
from shared.chassis.http import response_headers
from shared.identity.session_cookie import IsStaff
from shared.jurisdiction.pack import Pack
from shared.web.moment_words import moment_words

LATEST: Final = 3
EXCERPT: Final = 60
"""So many characters of an answer are shown on the first page; the link leads to the rest."""
ANSWERED: Final = PublicQuestion(status="ended")


def routes(publications: PublicLookup, figures: FigureReader) -> APIRouter:
    """The routes: `/`, and the page about personal data."""
    router = portal_router()

    @router.get("/")
    async def home(lang: InLanguage = "zh", is_staff: IsStaff = False) -> HTMLResponse:
        response_headers.add(FRESH)
        visit, pack = PageVisit(lang, is_staff=is_staff), publications.pack(None)
        latest = await publications.rows(pack, ANSWERED, LATEST)
        month = figures.of(pack)
        values = visit.page("/") | {
            "place": visit.say(pack.name.zh, pack.name.en),
            "latest": [_entry(row, pack, visit) for row in latest],
            "month": _month(month, pack, visit, figures) if month else None,
        }
        return PAGES.render("home.html", values)

    @router.get("/privacy")
    async def privacy(lang: InLanguage = "zh", is_staff: IsStaff = False) -> HTMLResponse:
        return PAGES.render("privacy.html", PageVisit(lang, is_staff=is_staff).page("/privacy"))

    return router


def _entry(row: ReleasedDemand, pack: Pack, visit: PageVisit) -> dict[str, Any]:
    """A demand that was answered, with the beginning of its answer."""
    about = (address(pack, row.division), public_view.day(row.released_at, pack, visit))
    return {
        "href": visit.to(f"/demands/{row.number}"),
        "title": row.title,
        "about": " · ".join(filter(None, about)),
        "answer": row.answer if len(row.answer) <= EXCERPT else f"{row.answer[:EXCERPT]}…",
    }


def _month(month: MonthFigures, pack: Pack, visit: PageVisit, figures: FigureReader) -> dict[str, Any]:
    """The figures of the month, with links to the demands that each counts."""

    def counted(what: str = "") -> str:
        query = {
            "jurisdiction": pack.id,
            "month": f"{month.month:%Y-%m}",
            "counted": what,
            "lang": visit.lang,
        }
        return f"/board/demands?{urlencode({name: value for name, value in query.items() if value})}"

    def part(title: tuple[str, str], value: str, href: str = "", how: tuple[str, str] = ("", "")) -> dict[str, str]:
        return {"title": visit.say(*title), "value": value, "href": href, "how": visit.say(*how)}

    def share(title: tuple[str, str], satisfied: int, rated: int, what: str) -> dict[str, str]:
        if not rated:
            return part(title, "—", how=("还没有评价", "no ratings yet"))
        how = (f"{satisfied}/{rated} 件评价", f"{satisfied} of {rated} ratings")
        return part(title, f"{100 * satisfied / rated:.0f} %", counted(what), how)

    last, first = (
        (month.satisfied, month.rated),
        (month.first_satisfied, month.first_rated),
    )
    return {
        "title": visit.say(f"{month.month.month}月办理情况", f"Demands of {month.month:%B}"),
        "at": visit.say(*moment_words(month.at, figures.clock(), ZoneInfo(pack.timezone))),
        "board": f"/board?{urlencode({'jurisdiction': pack.id, 'month': f'{month.month:%Y-%m}', 'lang': visit.lang})}",
        "parts": [
            part(("收到", "Raised"), f"{month.collected:,}", counted()),
            part(("已办结", "Completed"), f"{month.completed:,}", counted("completed")),
            part(
                ("办结率", "Completion rate"),
                "—" if month.rate is None else f"{month.rate:.2f} %",
            ),
            part(("现场解决", "Solved on the spot"), f"{month.on_the_spot:,}", counted("on-the-spot")),
            share(("最终满意（含基本满意）", "Satisfied at last"), *last, "satisfied"),
            share(("首次满意（含基本满意）", "Satisfied at first"), *first, "first-satisfied"),
        ],
    }
