"""The board: the figures, the demands behind them, and the facts behind a demand."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse, RedirectResponse

from services.reporting import cursors, queries
from services.reporting.api import Counted, Month, Where, figure_of, pack_of, question_of
from services.reporting.completion import Breakdown, Completion, Figures, name_of
from services.reporting.counted import COLLECTED
from services.reporting.cursors import Cursor
from services.reporting.figures import Dimension, is_late, is_overdue, standing
from services.reporting.links import Opens
from services.reporting.opening import By, Figure, Opening
from services.reporting.web.words import DEFINITION_ZH, WORDS, counted_name, status_name, teller
from shared.chassis.clock import now
from shared.contracts.demand import Demand, is_confidential
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.contracts.text import Text
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.web.pages import Pages

Lang = Literal["zh", "en"]
PAGE = 50
LOOKS = 10
"""More than a program is given: a person would rather wait than turn empty pages."""
CHOICES: tuple[By, ...] = ("month", "division", "unit", "category", "channel")


def routes(figures: Figures, opening: Opening, packs: Jurisdictions) -> APIRouter:
    """The public pages."""
    router = APIRouter(include_in_schema=False)
    pages = Pages(Path(__file__).parent / "templates")

    @router.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse("/board")

    @router.get("/board")
    async def board(
        by: By = "month", jurisdiction: Where = None, month: Month = None, until: date | None = None, lang: Lang = "zh"
    ) -> HTMLResponse:
        try:
            pack, question = pack_of(packs, jurisdiction), question_of(by, month, until)
        except Refused as refused:
            return _refused(pages, refused, lang)
        asked = {"jurisdiction": pack.id, "by": by, "month": month, "until": until, "lang": lang}
        told = _board(await figures.completion(pack, question), pack, by, asked)
        return pages.render("board.html", _common(packs, pack, lang) | told)

    router.include_router(_opened(opening, packs, pages))
    return router


def _board(found: Completion, pack: Pack, by: By, asked: dict[str, Any]) -> dict[str, Any]:
    return asked | {
        "figure": found,
        "rows": _ordered(found.rows, by, pack),
        "choices": CHOICES,
        "definition": DEFINITION_ZH if asked["lang"] == "zh" else vars_of(found.definition),
        "opens": Opens(pack.id, by, found.month, found.until, "/board/demands", asked["lang"]),
        "again": _opener_of("/board", **asked),
    }


def _opened(opening: Opening, packs: Jurisdictions, pages: Pages) -> APIRouter:
    """What stands behind a figure: demands, and the facts of one."""
    router = APIRouter(include_in_schema=False)

    @router.get("/board/demands")
    async def demands(
        by: By = "month", key: Text = "", jurisdiction: Where = None, month: Month = None, until: date | None = None,
        counted: Counted = COLLECTED, after: Cursor = "", lang: Lang = "zh",
    ) -> HTMLResponse:  # fmt: skip
        try:
            pack = pack_of(packs, jurisdiction)
            figure, spot = figure_of(pack, by, key, month, until, counted), cursors.read(after)
        except Refused as refused:
            return _refused(pages, refused, lang)
        found = await opening.page(figure, spot, PAGE, LOOKS)
        asked = {"by": by, "key": key, "jurisdiction": pack.id, "month": month, "until": until, "counted": counted}
        again = _opener_of("/board/demands", **asked, after=after, lang=lang)
        following = cursors.written(found.next)
        told = _common(packs, pack, lang) | {
            "demands": [_shown(demand, pack, lang) for demand in found.demands],
            "heading": _heading(figure, lang),
            "more": again(after=following) if following else None,
            "again": again,
        }
        return pages.render("demands.html", told)

    @router.get("/board/demands/{number}")
    async def demand(number: Annotated[Text, UrlPath(max_length=40)], lang: Lang = "zh") -> HTMLResponse:
        async with opening.pool.acquire(timeout=5) as db:
            found = await queries.demand_by_number(db, number)
            told = await queries.facts_of(db, number)
        pack = packs.get(found.jurisdiction) if found else None
        if found is None or pack is None:
            unknown = Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
            return _refused(pages, unknown, lang)
        facts = [(_local(fact.time, pack), status_of(fact.type, lang), teller(fact.source, lang)) for fact in told]
        again = _opener_of(f"/board/demands/{found.number}")
        shown = {"demand": _shown(found, pack, lang), "facts": facts, "again": again}
        return pages.render("demand.html", _common(packs, pack, lang) | shown)

    return router


def vars_of(definition: Any) -> dict[str, str]:
    """The definition's words by their name."""
    return {name: str(getattr(definition, name)) for name in DEFINITION_ZH}


def status_of(wire_type: str, lang: str) -> str:
    """A fact in a word or two."""
    name = wire_type.split(".")[1]
    return status_name({"progressed": "in_progress", "triaged": "triage"}.get(name, name), lang)


def _words(lang: str) -> dict[str, Any]:
    return {"lang": lang, "w": WORDS[lang]}


def _common(packs: Jurisdictions, pack: Pack, lang: str) -> dict[str, Any]:
    return _words(lang) | {
        "pack": pack,
        "packs": list(packs),
        "place": pack.name.zh if lang == "zh" else pack.name.en,
        "status_name": lambda name: status_name(name, lang),
        "local": lambda at: _local(at, pack),
    }


def _refused(pages: Pages, refused: Refused, lang: str) -> HTMLResponse:
    answer = ANSWERS[refused.code]
    told = {"title": answer.zh if lang == "zh" else answer.en, "detail": refused.zh if lang == "zh" else refused.en}
    return pages.render("refused.html", _words(lang) | told, status=answer.status)


def _local(at: datetime | None, pack: Pack) -> str:
    return at.astimezone(ZoneInfo(pack.timezone)).strftime("%Y-%m-%d %H:%M") if at else "—"


def _ordered(rows: list[Breakdown], by: By, pack: Pack) -> list[tuple[int, Breakdown]]:
    """Rows with their depth: divisions and categories under what they belong to, others by size."""
    match by:
        case "division":
            return [(max(len(pack.ancestors(row.key)) - 1, 0), row) for row in sorted(rows, key=lambda r: r.key)]
        case "category":
            ordered = sorted(rows, key=lambda r: tuple(reversed(pack.category_ancestors(r.key))))
            return [(max(len(pack.category_ancestors(row.key)) - 1, 0), row) for row in ordered]
        case "month":
            return [(0, row) for row in rows]
        case _:
            return [(0, row) for row in sorted(rows, key=lambda r: -r.collected)]


def _heading(figure: Figure, lang: str) -> list[str]:
    """Which figure it is: the row, the time, what is counted."""
    row = name_of(figure.pack, Dimension(figure.by), figure.key) if figure.by != "month" and figure.key else ""
    month = figure.month.strftime("%Y-%m") if figure.month else ""
    until = f"{WORDS[lang]['until']} {figure.until}" if figure.until else ""
    return [said for said in (row, month, until, counted_name(figure.counted, lang)) if said]


def _opener_of(path: str, **asked: Any) -> Callable[..., str]:
    def again(**changed: Any) -> str:
        told = {name: str(value) for name, value in (asked | changed).items() if value}
        return f"{path}?{urlencode(told)}"

    return again


def _shown(demand: Demand, pack: Pack, lang: str) -> dict[str, Any]:
    division = pack.division(demand.division)
    return {
        "number": demand.number,
        "title": WORDS[lang]["confidential"] if is_confidential(demand.kind) else demand.title,
        "division": division.name if division else demand.division,
        "unit": name_of(pack, Dimension.UNIT, demand.unit) if demand.unit else "—",
        "channel": demand.channel,
        "status": status_name(standing(demand), lang),
        "submitted": _local(demand.submitted_at, pack),
        "due": _local(demand.due_at, pack),
        "late": is_late(demand) or is_overdue(demand, now()),
        "imported": demand.imported,
    }
