"""Serves style sheets, scripts and icons, under URLs that contain a hash of their content."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response
from fastapi import Path as UrlPath

from shared.contracts.refusals import Code, Refused

FOLDER: Final = Path(__file__).parent / "assets"
MEDIA_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HTMX: Final = "htmx.js"
LEAFLET: Final = ("leaflet.js", "leaflet.css")
FOR_EVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
"""For a URL without a hash, or with the hash of another version: the page may come from another version."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `packed` is its gzip form, `digest` the hash of its content."""

    name: str
    content: bytes
    packed: bytes
    digest: str

    @property
    def address(self) -> str:
        """The path with the hash, which browsers may cache for ever."""
        stem, _, suffix = self.name.rpartition(".")
        return f"/assets/{stem}.{self.digest}.{suffix}"

    @property
    def media_type(self) -> str:
        """The value of `Content-Type`."""
        return MEDIA_TYPES[Path(self.name).suffix]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Asset]:
    """All assets by name. Raises `FileNotFoundError` if a package with a library has changed."""
    contents = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}
    # Leaflet is BSD-2-Clause; its script begins with its licence notice.
    contents |= {name: (files("js_lib_leaflet") / "static" / "js_lib_leaflet" / name).read_bytes() for name in LEAFLET}
    # htmx itself is 0BSD and needs no notice; the package around it is MIT and has its own licence file.
    contents[HTMX] = (files("django_htmx") / "static" / "django_htmx" / "htmx-2.min.js").read_bytes()
    return {name: _asset(name, content) for name, content in contents.items()}


def _asset(name: str, content: bytes) -> Asset:
    return Asset(name, content, gzip.compress(content, mtime=0), sha256(content).hexdigest()[:12])


def address(name: str) -> str:
    """The path of an asset, for templates. Raises `KeyError` for an unknown name."""
    return catalogue()[name].address


def assets() -> APIRouter:
    """The routes `/assets/NAME.HASH.css` (cached for ever) and `/assets/NAME.css` (revalidated each time)."""
    router = APIRouter(include_in_schema=False)

    @router.get("/assets/{name}")
    async def asset(
        name: Annotated[str, UrlPath(max_length=100)], accept_encoding: Annotated[str, Header()] = ""
    ) -> Response:
        parts = name.split(".")
        digest = parts.pop(-2) if len(parts) > 2 else ""
        asset = catalogue().get(".".join(parts))
        if asset is None:
            raise Refused(Code.NOT_FOUND, f"there is no file {name}", f"没有文件 {name}")
        headers = {"Cache-Control": FOR_EVER if digest == asset.digest else ASK_AGAIN, "Vary": "Accept-Encoding"}
        if "gzip" in accept_encoding:
            return Response(asset.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=asset.media_type)
        return Response(asset.content, headers=headers, media_type=asset.media_type)

    return router
