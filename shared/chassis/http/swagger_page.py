"""The page `/docs` with Swagger UI, whose files are served from here, not from another host."""

from collections.abc import Awaitable, Callable
from html import escape
from importlib.resources import files
from typing import Final

import orjson
from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse, Response

PAGE: Final = "/docs"
SHOWN_WITH: Final = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
ALONE: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'",
}
# By default, Swagger UI sends the document to a validator on the internet.
_SETTINGS: Final = {"dom_id": "#manual", "deepLinking": True, "docExpansion": "list", "validatorUrl": None}
_STYLE: Final = """
body { margin: 0; background: #fff; }
/* Grey on grey is hard to read; the ratios are at least 4.5 to 1 (WCAG 2.1, 1.4.3). */
.swagger-ui, .swagger-ui .opblock .opblock-summary-description, .swagger-ui .opblock-description-wrapper p,
.swagger-ui .parameter__type, .swagger-ui .parameter__in, .swagger-ui .response-col_links,
.swagger-ui .info .title small,
.swagger-ui section.models h4, .swagger-ui .opblock-tag small { color: #2b2f36; }
.swagger-ui .btn.authorize, .swagger-ui .btn.authorize span { color: #1b6e4a; border-color: #1b6e4a; }
.swagger-ui a, .swagger-ui .info a { color: #1f5fa8; }
.swagger-ui .opblock.opblock-post .opblock-summary-method { background: #1b6e4a; }
.swagger-ui .opblock.opblock-get .opblock-summary-method { background: #1f5fa8; }
.swagger-ui .opblock.opblock-put .opblock-summary-method { background: #8a4b00; }
.swagger-ui .opblock.opblock-delete .opblock-summary-method { background: #a4262c; }
"""
_SHELL: Final = """<!doctype html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="stylesheet" href="/docs/manual.css">
</head>
<body>
<div id="manual"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/manual.js"></script>
</body>
</html>
"""


def swagger_page(app: FastAPI) -> APIRouter:
    """The routes of `/docs`, which shows the OpenAPI document of `app`."""
    router = APIRouter(include_in_schema=False)
    settings = orjson.dumps(_SETTINGS | {"url": app.openapi_url}).decode()

    @router.get(PAGE)
    async def page() -> HTMLResponse:
        return HTMLResponse(_SHELL.format(title=escape(app.title)), headers=ALONE)

    @router.get(f"{PAGE}/manual.js")
    async def script() -> Response:
        return Response(f"SwaggerUIBundle({settings});\n", media_type="text/javascript")

    @router.get(f"{PAGE}/manual.css")
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css")

    for name, kind in SHOWN_WITH.items():
        router.add_api_route(f"{PAGE}/{name}", _part(name, kind))
    return router


def _part(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    resource = files("fastapi_swagger") / "resources" / name

    async def part() -> Response:
        return Response(resource.read_bytes(), media_type=kind, headers={"Cache-Control": "public, max-age=86400"})

    return part
