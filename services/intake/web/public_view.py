"""Makes the values of the public pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.intake.public.documents import Became, PublicationStep, PublicDemandSummary, PublicDemandView
from services.intake.web.visit import PageVisit
from shared.jurisdiction.pack import Pack
from shared.web.parts import Entry, SummaryRow
from shared.web.words import CITIZEN_WORDS, WITHDRAWN_FOR

_BECAME: Final[dict[Became, tuple[str, str]]] = {
    "published": ("公开", "published"),
    "corrected": ("更正", "corrected"),
    "withdrawn": ("撤回公开", "taken back"),
    "published-again": ("重新公开", "published again"),
}
_INDENT: Final = "\u3000"


def day(at: datetime | None, pack: Pack, visit: PageVisit) -> str:
    """A day in the words of the page."""
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(pack.timezone))
    return visit.say(f"{local.year}年{local.month}月{local.day}日", f"{local.day} {local:%B} {local.year}")


def category(code: str | None, pack: Pack, visit: PageVisit) -> str:
    """The name of a category, in the language of the page."""
    category_of_pack = pack.category(code) if code else None
    return visit.say(category_of_pack.name.zh, category_of_pack.name.en) if category_of_pack else code or ""


def row(demand: PublicDemandSummary, pack: Pack, visit: PageVisit) -> dict[str, Any]:
    """The row of the list."""
    about = " · ".join(filter(None, (demand.place, category(demand.category, pack, visit))))
    return {
        "href": visit.to(f"/demands/{demand.number}"),
        "title": demand.title,
        "about": about,
        "status": demand.status,
        "released": day(demand.released_at, pack, visit),
        "number": demand.number,
    }


def story(demand: PublicDemandView, pack: Pack, visit: PageVisit) -> dict[str, Any]:
    """The values of one demand's page: what is shown of it, and why the rest is not."""
    about = category(demand.category, pack, visit)
    is_report = demand.status is None
    nameless = visit.say("一件举报", "A report") if is_report else about or visit.say("一件诉求", "A demand")
    rows = [
        (visit.say("地点", "Place"), demand.place),
        (visit.say("类别", "Category"), about),
        (visit.say("提出", "Raised"), day(demand.submitted_at, pack, visit)),
        (visit.say("办结", "Answered"), day(demand.answered_at, pack, visit)),
        (visit.say("公开", "Published"), day(demand.released_at, pack, visit)),
    ]
    return {
        "number": demand.number,
        "title": demand.title or nameless,
        "status": demand.status,
        "text": demand.text or "",
        "answer": demand.answer or "",
        "is_public": demand.title is not None,
        "is_report": is_report,
        "withdrawn": visit.say(*WITHDRAWN_FOR[demand.withdrawn]) if demand.withdrawn else "",
        "facts": [SummaryRow(label, words) for label, words in rows if words],
        "history": _entries(demand.history, pack, visit),
        "stands": visit.say(*CITIZEN_WORDS[demand.status][:2]) if demand.status else "",
    }


def _entries(history: Sequence[PublicationStep], pack: Pack, visit: PageVisit) -> list[Entry]:
    """The history of the publication; empty if there is only the first release."""
    if len(history) < 2:
        return []
    return [
        Entry(
            day(step.at, pack, visit),
            step.at.isoformat(),
            visit.say(*_BECAME[step.became]),
            words=_said(step, visit),
        )
        for step in history
    ]


def _said(step: PublicationStep, visit: PageVisit) -> str:
    """Why a publication was withdrawn, or what was corrected."""
    return visit.say(*WITHDRAWN_FOR[step.ground]) if step.ground else step.correction


def places(pack: Pack, visit: PageVisit) -> list[tuple[str, str]]:
    """The choices of places: towns, and below each its villages."""
    everywhere = [("", visit.say(f"{pack.name.zh}全部", f"All of {pack.name.en}"))]
    below: dict[str | None, list[str]] = {}
    for place in pack.divisions:
        below.setdefault(place.parent, []).append(place.code)
    return [*everywhere, *_under(pack, pack.root, below, 0)]


def _under(pack: Pack, parent: str, below: dict[str | None, list[str]], depth: int) -> list[tuple[str, str]]:
    choices = []
    for code in below.get(parent, ()):
        place = pack.division(code)
        choices.append((code, _INDENT * depth + (place.name if place else code)))
        choices += _under(pack, code, below, depth + 1)
    return choices


def categories(pack: Pack, visit: PageVisit) -> list[tuple[str, str]]:
    """The choices of categories, each below its parent."""
    everything = [("", visit.say("全部类别", "All categories"))]
    known = [
        (
            category.code,
            _INDENT * (len(pack.category_ancestors(category.code)) - 1) + visit.say(category.name.zh, category.name.en),
        )
        for category in pack.categories
    ]
    return [*everything, *known]


def statuses(visit: PageVisit) -> list[tuple[str, str]]:
    """The choices of statuses."""
    return [
        ("", visit.say("全部", "All")),
        ("ended", visit.say("已答复", "Answered")),
        ("open", visit.say("还在办理", "Still being handled")),
    ]
