"""The hints while somebody writes a demand: likely categories, and similar demands nearby."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Request
from pydantic import ValidationError

from services.intake.inbound.message import readable
from services.intake.similar.view import Like
from services.intake.web.allowance import Act
from services.intake.web.draft import LONGEST_WORDS, RaiseDraft
from services.intake.web.portal_page import InLanguage, portal_router
from services.intake.web.raising import Raising
from services.intake.web.visit import PageVisit
from shared.identity.visitors import Visitor, Visitors
from shared.jurisdiction.pack import Pack
from shared.web.words import CITIZEN_WORDS

SEVERAL: Final = 60
"""A text of so many characters that may be about two categories may be about several problems; our choice."""


def routes(raising: Raising, visitors: Visitors) -> APIRouter:
    """The route `/raise/hints`, which the script of the first step requests."""
    router = portal_router()

    @router.post("/raise/hints")
    async def hints(
        by: Annotated[Visitor, Depends(visitors.visitor)],
        request: Request,
        words: Annotated[str, Form(max_length=2 * LONGEST_WORDS)] = "",
        division: Annotated[str, Form(max_length=64)] = "",
        lang: InLanguage = "zh",
    ) -> dict[str, list[str]]:
        await raising.allowance.count(request, Act.HINT)
        places = raising.portal.places
        place = division if places.pack_of(division) else places.top()
        draft, pack = RaiseDraft(words=readable(words)[:LONGEST_WORDS], division=place), places.pack_of(place)
        try:
            draft.command()
        except ValidationError:
            return {"lines": []}
        return {"lines": await _lines(raising, PageVisit(lang, by), pack, draft) if pack else []}

    return router


async def _lines(raising: Raising, visit: PageVisit, pack: Pack, draft: RaiseDraft) -> list[str]:
    likely = [pack.category(one.category) for one in raising.portal.suggested(pack, draft).suggestions[:2]]
    names = [str(getattr(category.name, visit.lang)) for category in likely if category]
    lines = []
    if names:
        listed = visit.say("、".join(names), ", ".join(names))
        lines.append(visit.say(f"像是：{listed}（提交前可以改）", f"It looks like: {listed} (you can change it)"))
    if len(names) > 1 and len(draft.words) >= SEVERAL:
        lines.append(
            visit.say(
                "如果是几件不同的事，请一件一件提：每件交给各自的单位，办得更快。",
                "If these are several problems, raise them one by one: each goes to its own unit, and sooner.",
            )
        )
    likes = await raising.portal.similar(replace(draft, photos=()))
    if likes:
        lines.append(
            visit.say(
                "也有人提过相似的，填好地点后可以选“我也遇到了”：",
                "Others raised something similar; you can join them:",
            )
        )
        lines.extend(_line(raising, visit, pack, like) for like in likes)
    return lines


def _line(raising: Raising, visit: PageVisit, pack: Pack, like: Like) -> str:
    category = pack.category(like.category) if like.category else None
    about = like.title or (getattr(category.name, visit.lang) if category else like.number)
    place = raising.portal.places.address(pack, like.division) if like.division else ""
    words = CITIZEN_WORDS[like.status]
    return " · ".join(filter(None, (about, place, visit.say(words.zh, words.en))))
