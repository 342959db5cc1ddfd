"""The page that documents the HTTP API: what it shows it with comes along, nothing from another host."""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, Response

PAGE: Final = "/docs"
SHOWN_WITH: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
ALONE: Final = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " style-src 'self' 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
}
WITH_US: Final = {"validatorUrl": None}
"""Swagger UI would show the document to a checker on the internet."""


def manual(app: FastAPI) -> APIRouter:
    """`/docs` over the document of `app`."""
    router = APIRouter(include_in_schema=False)
    script, style = (f"{PAGE}/{name}" for name in SHOWN_WITH)

    @router.get(PAGE)
    async def page() -> HTMLResponse:
        shown = get_swagger_ui_html(
            openapi_url=app.openapi_url or "",
            title=app.title,
            swagger_js_url=script,
            swagger_css_url=style,
            swagger_favicon_url="data:,",
            swagger_ui_parameters=WITH_US,
        )
        shown.headers.update(ALONE)
        return shown

    for name, kind in SHOWN_WITH.items():
        router.add_api_route(f"{PAGE}/{name}", _part(name, kind))
    return router


def _part(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    held = files("fastapi_swagger") / "resources" / name

    async def part() -> Response:
        return Response(held.read_bytes(), media_type=kind, headers={"Cache-Control": "public, max-age=86400"})

    return part
