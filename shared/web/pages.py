"""Renders pages from templates, with security headers that allow nothing from other hosts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.web.assets import address
from shared.web.words import CITIZEN_WORDS, STATUS_WORDS

HERE: Final = Path(__file__).parent
SAFE: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    """The templates of one service, with the common base template and macros."""

    def __init__(self, templates: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([templates, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["thousands"] = lambda number: f"{number:,}"
        self._environment.globals |= {"asset": address, "status_words": STATUS_WORDS, "citizen_words": CITIZEN_WORDS}

    def render(
        self, template: str, values: Mapping[str, Any], status: int = 200, pictures_from: str = ""
    ) -> HTMLResponse:
        """Render a page; all values are escaped. `pictures_from` is another host, such as
        https://tiles.example.gov.cn, from which this page may load pictures only."""
        headers = dict(SAFE)
        if pictures_from:
            headers["Content-Security-Policy"] += f"; img-src 'self' {pictures_from}"
        return HTMLResponse(self._environment.get_template(template).render(values), status, headers)
