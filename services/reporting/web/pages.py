"""The public pages of the board: the figures, the demands behind them, and the steps of a demand."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as UrlPath
from fastapi.responses import HTMLResponse

from services.reporting.drilldown import pagination
from services.reporting.drilldown.api import figure_of
from services.reporting.drilldown.handler import Drilldown
from services.reporting.drilldown.pagination import Cursor
from services.reporting.figures import queries
from services.reporting.figures.completion import Breakdown, Completion, Figures
from services.reporting.figures.conditions import COLLECTED
from services.reporting.figures.domain import Dimension
from services.reporting.figures.links import DrilldownLinks
from services.reporting.figures.parameters import MONTH, By, Counted, Month, Until, Where, pack_of, question_of
from services.reporting.figures.visibility import opens
from services.reporting.web import table_view
from services.reporting.web.month_view import month_view
from services.reporting.web.showing import Showing, local
from services.reporting.web.words import DEFINITION_ZH, WORDS, in_order, status_name, vars_of
from shared.chassis.http.page_route import PageRoute, error_text
from shared.chassis.http.problem_details import retry_after
from shared.contracts.numbers import LONGEST, read_number
from shared.contracts.refusals import Code, Refused
from shared.contracts.text import Text
from shared.identity.session_cookie import IsStaff
from shared.jurisdiction.jurisdictions import Jurisdictions
from shared.jurisdiction.pack import Pack
from shared.web.pages import Pages
from shared.web.parts import Bar, Column, Entry, Link, RowGroup, Tab
from shared.web.spreadsheet import spreadsheet
from shared.web.way_back import Back, way_back

PAGES: Final = Pages(Path(__file__).parent / "templates")
Lang = Literal["zh", "en"]
PAGE = 50
LOOKS = 10
"""More than for a program, because a person would rather wait than turn empty pages."""
COLUMNS: Final = ("about", "status", "submitted", "due", "number")
MonthOrAll = Annotated[str, Query(pattern=f"^(?:{MONTH})?$")]
"""A month that a form sends, which is empty for all."""
CHOICES: tuple[By, ...] = ("month", "division", "unit", "category", "channel")


class BoardPage(PageRoute):
    """A page of the board; its refusals and faults are shown as pages too."""

    @staticmethod
    def respond(refused: Refused | None, request: Request) -> HTMLResponse:
        """The page that says why something was refused."""
        lang: Lang = "en" if request.query_params.get("lang") == "en" else "zh"
        status, title, words = error_text(refused)
        in_english = lang == "en"
        values = _words(lang) | {"title": title[in_english], "detail": words[in_english]}
        page = PAGES.render("refused.html", values, status=status)
        page.headers.update(retry_after(refused) if refused else {})
        return page


def routes(figures: Figures, drilldown: Drilldown, packs: Jurisdictions) -> APIRouter:
    """The public pages."""
    router = APIRouter(include_in_schema=False, route_class=BoardPage)

    @router.get("/board")
    async def board(
        by: By | None = None, jurisdiction: Where = None, month: MonthOrAll = "", until: Until = None,
        lang: Lang = "zh", is_staff: IsStaff = False,
    ) -> HTMLResponse:  # fmt: skip
        by = by or ("unit" if month else "month")
        pack, question = pack_of(packs, jurisdiction), question_of(by, month, until)
        parameters = {"jurisdiction": pack.id, "by": by, "month": month, "until": until, "lang": lang}
        completion = await figures.completion(pack, question)
        if until:
            months = []
        elif question.by_month and question.month is None:
            months = completion.rows
        else:
            months = await figures.months(pack)
        async with figures.pool.acquire(timeout=5) as db:
            showing = Showing(pack, lang, await queries.channels(db))
        values = _board(completion, showing, by, parameters)
        values |= _months(months, completion, pack.local_month(figures.clock()), values)
        return PAGES.render("board.html", _common(packs, pack, lang, is_staff) | values)

    @router.get("/board/table.csv")
    async def table(
        by: By = "unit", jurisdiction: Where = None, month: MonthOrAll = "", until: Until = None, lang: Lang = "zh"
    ) -> Response:
        pack, question = pack_of(packs, jurisdiction), question_of(by, month, until)
        completion = await figures.completion(pack, question)
        async with figures.pool.acquire(timeout=5) as db:
            showing = Showing(pack, lang, await queries.channels(db))
        rows = showing.rows(completion.rows, by)
        names = {row.key: name for name, row in rows}
        lines = [table_view.line(name, row, names, until is not None) for name, row in rows]
        saved = "-".join(filter(None, ("board", pack.id, by, month, until.isoformat() if until else "")))
        return spreadsheet(saved, table_view.header(by, lang, until is not None), lines)

    router.include_router(_opened(drilldown, packs))
    return router


def _board(figure: Completion, showing: Showing, by: By, query: dict[str, Any]) -> dict[str, Any]:
    pack, dimension = showing.pack, Dimension.ALL if by == "month" else Dimension(by)
    closed, lang = not opens(pack, dimension), query["lang"]
    links = DrilldownLinks(pack.id, by, figure.month, figure.until, "/board/demands", lang, closed)
    again = _opener_of("/board", **query)
    return query | {
        "figure": figure,
        "rows": showing.rows(figure.rows, by),
        "choices": [
            Tab(again(by=choice, month=choice != "month" and query["month"]), WORDS[lang][choice], current=choice == by)
            for choice in CHOICES
        ],
        "statuses": list(_bars(figure.total, links, lang)),
        "definition": DEFINITION_ZH if lang == "zh" else vars_of(figure.definition),
        "opens": links,
        "again": again,
        "table": _opener_of("/board/table.csv", **query)(),
        "chosen_month": lambda first: again(by="unit", month=f"{first:%Y-%m}"),
    }


def _months(months: Sequence[Breakdown], shown: Completion, this: date, values: dict[str, Any]) -> dict[str, Any]:
    """The months to choose from; and where one is chosen, how it compares with others. `this` is the month of now."""
    links, lang, chosen = values["opens"], values["lang"], shown.month
    firsts = sorted({row.month for row in months if row.month} | ({chosen} if chosen else set()))
    place = firsts.index(chosen) if chosen else 0
    beside = [] if chosen is None else [*firsts[max(0, place - 1) : place], *firsts[place + 1 : place + 2]]
    opened = lambda month, counted: links.row("", month, counted)  # noqa: E731
    return {
        "months": [("", WORDS[lang]["every_month"]), *((f"{one:%Y-%m}", f"{one:%Y-%m}") for one in reversed(firsts))],
        "beside": [
            Link(
                values["again"](month=f"{month:%Y-%m}"),
                f"‹ {month:%Y-%m}" if chosen and month < chosen else f"{month:%Y-%m} ›",
            )
            for month in beside
        ],
        "compared": month_view(months, chosen, this, opened, lang) if chosen else None,
    }


def _bars(total: Breakdown, links: DrilldownLinks, lang: str) -> Iterator[Bar]:
    """The chart of the statuses of demands."""
    for standing, count in in_order(total.statuses):
        where = links.row(total.key, total.month, f"status:{standing}")
        yield Bar(status_name(standing, lang), count, f"{count:,}", where or "")


def _opened(drilldown: Drilldown, packs: Jurisdictions) -> APIRouter:
    """The routes of the pages behind a figure: its demands, and the steps of one."""
    router = APIRouter(include_in_schema=False, route_class=BoardPage)

    @router.get("/board/demands")
    async def demands(
        by: By = "month", key: Text = "", jurisdiction: Where = None, month: Month = None, until: Until = None,
        counted: Counted = COLLECTED, after: Cursor = "", lang: Lang = "zh", is_staff: IsStaff = False,
    ) -> HTMLResponse:  # fmt: skip
        pack = pack_of(packs, jurisdiction)
        figure, spot = figure_of(pack, by, key, month, until, counted), pagination.read(after)
        listed = await drilldown.page(figure, spot, PAGE, LOOKS)
        async with drilldown.pool.acquire(timeout=5) as db:
            showing = Showing(pack, lang, await queries.channels(db))
        parameters = {"by": by, "key": key, "jurisdiction": pack.id, "month": month, "until": until, "counted": counted}
        again = _opener_of("/board/demands", **parameters, after=after, lang=lang)
        following = pagination.cursor_of(listed.next)
        values = _common(packs, pack, lang, is_staff) | {
            "demands": (rows := [showing.demand(demand, listed.consents) for demand in listed.demands]),
            "groups": [RowGroup(rows)],
            "columns": [Column(WORDS[lang][name]) for name in COLUMNS],
            "heading": showing.heading(figure),
            "without_reports": not figure.lists_reports,
            "more": again(after=following) if following else None,
            "again": again,
            "back": _opener_of("/board", **_board_of(parameters), lang=lang)(),
            "opened": lambda number: _opener_of(f"/board/demands/{number}", back=again(lang=""), lang=lang)(),
        }
        return PAGES.render("demands.html", values)

    _steps(router, drilldown, packs)
    return router


def _steps(router: APIRouter, drilldown: Drilldown, packs: Jurisdictions) -> None:
    """The page of one demand with its steps."""

    @router.get("/board/demands/{number}")
    async def demand(
        number: Annotated[str, UrlPath(max_length=LONGEST)], back: Back = "", lang: Lang = "zh",
        is_staff: IsStaff = False,
    ) -> HTMLResponse:  # fmt: skip
        number = read_number(number)
        async with drilldown.pool.acquire(timeout=5) as db:
            listed = await queries.demand_by_number(db, number)
            facts = await queries.facts_of(db, number)
            channels = await queries.channels(db)
            consents = await queries.consents(db, [listed.id] if listed else [])
        pack = packs.get(listed.jurisdiction) if listed else None
        if listed is None or pack is None:
            raise Refused(Code.NOT_FOUND, f"there is no demand {number}", f"没有编号为 {number} 的诉求")
        showing, again = Showing(pack, lang, channels), _opener_of(f"/board/demands/{listed.number}", back=back)
        listing = back or _opener_of("/board/demands", jurisdiction=pack.id)()
        shown = {
            "demand": showing.demand(listed, consents),
            "published": f"/demands/{listed.number}?lang={lang}" if pack.publication.release else "",
            "steps": [Entry(when, when, what) for when, what in showing.steps(listed, facts)],
            "again": again,
            "back": way_back(listing, "/board", lang),
        }
        return PAGES.render("demand.html", _common(packs, pack, lang, is_staff) | shown)


def _board_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a list's URL that belong to the board; the list of a month has no `by`, because the board shows
    months anyway."""
    kept = {name: parameters[name] for name in ("jurisdiction", "month", "until")}
    return kept | {"by": parameters["by"] if parameters["by"] != "month" else None}


def _words(lang: str) -> dict[str, Any]:
    return {"lang": lang, "w": WORDS[lang]}


def _common(packs: Jurisdictions, pack: Pack, lang: str, is_staff: bool) -> dict[str, Any]:
    return _words(lang) | {
        "desk": ("/desk" if lang == "zh" else "/desk?lang=en") if is_staff else "",
        "column": Column,
        "pack": pack,
        "packs": list(packs),
        "place": pack.name.zh if lang == "zh" else pack.name.en,
        "status_name": lambda name: status_name(name, lang),
        "local": lambda at: local(at, pack),
    }


def _opener_of(path: str, **asked: Any) -> Callable[..., str]:
    def again(**changed: Any) -> str:
        values = {name: str(value) for name, value in (asked | changed).items() if value}
        return f"{path}?{urlencode(values)}"

    return again
