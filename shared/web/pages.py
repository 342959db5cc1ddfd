"""Renders pages in the common look, and serves what they need; nothing comes from another host."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE: Final = Path(__file__).parent
SAFE: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    """The templates of one service over the common base."""

    def __init__(self, templates: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([templates, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["thousands"] = lambda number: f"{number:,}"

    def render(self, template: str, told: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """A page; everything that is put into it is escaped."""
        return HTMLResponse(self._environment.get_template(template).render(told), status, dict(SAFE))


def assets() -> APIRouter:
    """The style sheet and the icon."""
    router = APIRouter(include_in_schema=False)

    @router.get("/assets/huying.css")
    async def style() -> FileResponse:
        return _kept("huying.css")

    @router.get("/assets/huying.svg")
    async def icon() -> FileResponse:
        return _kept("huying.svg")

    return router


def _kept(name: str) -> FileResponse:
    return FileResponse(HERE / "assets" / name, headers={"Cache-Control": "public, max-age=3600"})
