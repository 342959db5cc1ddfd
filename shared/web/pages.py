"""Renders pages in the common look; nothing comes from another host."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.web.assets import address
from shared.web.words import STATUS_WORDS

HERE: Final = Path(__file__).parent
SAFE: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Pages:
    """The templates of one service over the common base and its macros."""

    def __init__(self, templates: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([templates, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["thousands"] = lambda number: f"{number:,}"
        self._environment.globals |= {"asset": address, "status_words": STATUS_WORDS}

    def render(
        self, template: str, values: Mapping[str, Any], status: int = 200, pictures_from: str = ""
    ) -> HTMLResponse:
        """A page, or a fragment of one for htmx; everything that is put into it is escaped. `pictures_from` is another
        host, such as https://tiles.example.gov.cn, from which this page may load pictures and nothing else."""
        headers = dict(SAFE)
        if pictures_from:
            headers["Content-Security-Policy"] += f"; img-src 'self' {pictures_from}"
        return HTMLResponse(self._environment.get_template(template).render(values), status, headers)
