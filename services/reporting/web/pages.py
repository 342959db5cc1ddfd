"""The board: the figures, the demands behind them, and the facts behind a demand."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse, RedirectResponse

from services.reporting import queries
from services.reporting.api import By, Month, Where, first_day, pack_of, question_of, selection
from services.reporting.completion import Breakdown, Completion, Figures, name_of
from services.reporting.figures import Dimension, standing
from services.reporting.web.words import DEFINITION_ZH, WORDS, status_name, teller
from shared.contracts.demand import Demand, is_confidential
from shared.contracts.refusals import ANSWERS, Code, Refused
from shared.contracts.text import Text
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.web.pages import Pages

Lang = Literal["zh", "en"]
PAGE = 50
CHOICES: tuple[By, ...] = ("month", "division", "unit", "category", "channel")


def routes(figures: Figures, packs: Jurisdictions) -> APIRouter:
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

    router.include_router(_opened(figures, packs, pages))
    return router


def _board(found: Completion, pack: Pack, by: By, asked: dict[str, Any]) -> dict[str, Any]:
    return asked | {
        "figure": found,
        "rows": _ordered(found.rows, by, pack),
        "choices": CHOICES,
        "definition": DEFINITION_ZH if asked["lang"] == "zh" else vars_of(found.definition),
        # Which demands stood behind a figure of the past is not known: no link rather than one to those of today.
        "opens": None if asked["until"] else _opener(pack, by, asked["month"], asked["lang"]),
        "again": _opener_of("/board", **asked),
    }


def _opened(figures: Figures, packs: Jurisdictions, pages: Pages) -> APIRouter:
    """What stands behind a figure: demands, and the facts of one."""
    router = APIRouter(include_in_schema=False)

    @router.get("/board/demands")
    async def demands(
        by: By = "month", key: Text = "", jurisdiction: Where = None, month: Month = None,
        after: UUID | None = None, lang: Lang = "zh",
    ) -> HTMLResponse:  # fmt: skip
        try:
            pack = pack_of(packs, jurisdiction)
        except Refused as refused:
            return _refused(pages, refused, lang)
        async with figures.pool.acquire(timeout=5) as db:
            found = await queries.demands(db, selection(pack, by, key, first_day(month), after, PAGE))
        more = {"by": by, "key": key, "jurisdiction": pack.id, "month": month or "", "lang": lang}
        told = _common(packs, pack, lang) | {
            "demands": [_shown(demand, pack, lang) for demand in found],
            "heading": name_of(pack, Dimension(by), key) if by != "month" and key else "",
            "month": month,
            "more": f"/board/demands?{urlencode(more | {'after': found[-1].id})}" if len(found) == PAGE else None,
            "again": _opener_of("/board/demands", **more | {"after": after}),
        }
        return pages.render("demands.html", told)

    @router.get("/board/demands/{number}")
    async def demand(number: Annotated[Text, UrlPath(max_length=40)], lang: Lang = "zh") -> HTMLResponse:
        async with figures.pool.acquire(timeout=5) as db:
            found = await queries.demand_by_number(db, number)
            told = await queries.facts_of(db, number)
        pack = packs.of_division(found.division) if found else None
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


def _opener(pack: Pack, by: By, month: str | None, lang: str) -> Callable[[Breakdown], str]:
    def opens(row: Breakdown) -> str:
        span = row.month.strftime("%Y-%m") if row.month else month or ""
        told = {"by": by, "key": row.key, "month": span, "jurisdiction": pack.id, "lang": lang}
        return "/board/demands?" + urlencode({name: value for name, value in told.items() if value})

    return opens


def _opener_of(path: str, **asked: Any) -> Callable[..., str]:
    def again(**changed: Any) -> str:
        told = {name: str(value) for name, value in (asked | changed).items() if value}
        return f"{path}?{urlencode(told)}"

    return again


def _shown(demand: Demand, pack: Pack, lang: str) -> dict[str, Any]:
    division = pack.division(demand.division)
    late = demand.due_at is not None and (demand.resolved_at or datetime.now(UTC)) > demand.due_at
    return {
        "number": demand.number,
        "title": WORDS[lang]["confidential"] if is_confidential(demand.kind) else demand.title,
        "division": division.name if division else demand.division,
        "unit": name_of(pack, Dimension.UNIT, demand.unit) if demand.unit else "—",
        "channel": demand.channel,
        "status": status_name(standing(demand), lang),
        "submitted": _local(demand.submitted_at, pack),
        "due": _local(demand.due_at, pack),
        "late": late,
        "imported": demand.imported,
    }
