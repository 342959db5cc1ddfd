"""The first page of the portal: raise a demand, or follow one."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from services.intake.web.portal_page import PAGES, InLanguage, portal_router
from services.intake.web.visit import Visit


def routes() -> APIRouter:
    """`/`, and what happens to what citizens entrust."""
    router = portal_router()

    @router.get("/")
    async def home(lang: InLanguage = "zh") -> HTMLResponse:
        return PAGES.render("home.html", Visit(lang).page("/"))

    @router.get("/privacy")
    async def privacy(lang: InLanguage = "zh") -> HTMLResponse:
        return PAGES.render("privacy.html", Visit(lang).page("/privacy"))

    return router
