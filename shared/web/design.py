"""The design pages: all macros in all states, in both languages, with ordinary and with hostile texts.

They are for people who build pages, and for tests; production deployments do not serve them.
"""

from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from shared.web.design_samples import samples, speaker
from shared.web.pages import Pages
from shared.web.parts import Tab
from shared.web.words import STATUS_WORDS

Part = Literal["frame", "marks", "forms", "lists", "figures"]
PARTS: Final[dict[Part, tuple[str, str]]] = {
    "frame": ("页面", "Frame"),
    "marks": ("标记", "Marks"),
    "forms": ("表单", "Forms"),
    "lists": ("列表", "Lists"),
    "figures": ("数字", "Figures"),
}


def design() -> APIRouter:
    """The routes `/design`, and a page for each file of macros."""
    router = APIRouter(include_in_schema=False)
    pages = Pages(Path(__file__).parent / "templates" / "design")

    @router.get("/design")
    async def home() -> RedirectResponse:
        return RedirectResponse("/design/frame")

    @router.get("/design/{part}")
    async def show(
        part: Part,
        lang: Literal["zh", "en"] = "zh",
        look: Literal["desk", "portal"] = "desk",
        texts: Literal["plain", "hostile"] = "plain",
        view: str = "",
        sort: str = "",
    ) -> HTMLResponse:
        """`view` and `sort` are the parameters of links in the samples; they have no effect."""

        def again(part: str = part, **changed: str) -> str:
            return f"/design/{part}?{urlencode({'lang': lang, 'look': look, 'texts': texts} | changed)}"

        parts = [Tab(again(part=name), words[lang == "en"], current=name == part) for name, words in PARTS.items()]
        values = samples(speaker(lang, texts == "hostile")) | {
            "lang": lang, "look": look, "texts": texts, "again": again, "parts": parts,
            "part": PARTS[part][lang == "en"],
            "statuses": list(STATUS_WORDS), "csrf": "sample",
        }  # fmt: skip
        return pages.render(f"{part}.html", values)

    return router
