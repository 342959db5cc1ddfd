"""The style sheets, scripts and icon of the pages, under addresses that change with what they hold."""

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
"""For an address without the hash, or with that of another version: a page that is older or newer than this process."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served; `digest` is of its content."""

    name: str
    content: bytes
    packed: bytes
    digest: str

    @property
    def address(self) -> str:
        """Where it may be kept for ever."""
        stem, _, suffix = self.name.rpartition(".")
        return f"/assets/{stem}.{self.digest}.{suffix}"

    @property
    def media_type(self) -> str:
        """What browsers are told that it is."""
        return MEDIA_TYPES[Path(self.name).suffix]


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Asset]:
    """Every asset by its name. Raises `FileNotFoundError` where a package with a library is not what it was."""
    contents = {path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in MEDIA_TYPES}
    # Leaflet is BSD-2-Clause; its notice stands at the head of its script.
    contents |= {name: (files("js_lib_leaflet") / "static" / "js_lib_leaflet" / name).read_bytes() for name in LEAFLET}
    # htmx itself is 0BSD and asks for no notice; the package around it, MIT, brings its own licence.
    contents[HTMX] = (files("django_htmx") / "static" / "django_htmx" / "htmx-2.min.js").read_bytes()
    return {name: _asset(name, content) for name, content in contents.items()}


def _asset(name: str, content: bytes) -> Asset:
    return Asset(name, content, gzip.compress(content, mtime=0), sha256(content).hexdigest()[:12])


def address(name: str) -> str:
    """For templates: the address of an asset. Raises `KeyError` where there is none of this name."""
    return catalogue()[name].address


def assets() -> APIRouter:
    """`/assets/NAME.HASH.css`, kept for ever; `/assets/NAME.css` is the same, asked for anew each time."""
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
