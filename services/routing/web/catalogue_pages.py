"""The pages of the catalogue: the version in force, all versions, a new draft, and the rules to correct."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases.handler import CaseHandler
from services.routing.cases.parsing import validated
from services.routing.cases.reading import case_of
from services.routing.catalogue.commands import DraftCatalogue
from services.routing.catalogue.handler import CatalogueDesk
from services.routing.catalogue.permissions import EDIT, PUBLISH, catalogue_pack, has_right
from services.routing.catalogue.returns_view import RuleToCorrect
from services.routing.web import catalogue_view, draft_view
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.showing import when
from services.routing.web.viewer import Viewer
from shared.contracts.numbers import LONGEST, read_number
from shared.contracts.refusals import Refused
from shared.identity.gate import Gate, SignedIn

DAYS: Final = 30
"""Rules to correct are looked for in the last so many days."""
HISTORY: Final = 20
Version = Annotated[str, Query(max_length=64)]


def routes(desk: CaseHandler, catalogues: CatalogueDesk, gate: Gate) -> APIRouter:
    """The routes; the coordinator's people change the catalogue, others read it."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/catalogue")
    async def overview(by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        versions = await catalogues.list(viewer.person)
        actions = (await catalogues.actions(viewer.person)).actions
        returned = (await catalogues.returns(viewer.person, DAYS)).rules
        now = catalogues.clock()
        rows = [catalogue_view.summary(catalogue, viewer, now) for catalogue in versions.catalogues]

        async def shown(version: str) -> dict[str, Any]:
            """A version that may be missing in the list, because the list has only the newest ones."""
            return catalogue_view.summary(await catalogues.show(viewer.person, version), viewer, now)

        values = viewer.page("/desk/catalogue") | {
            "rows": rows,
            "current": await shown(versions.in_force),
            "by": catalogue_view.put_into_force(versions.in_force, actions, viewer),
            "coming": await shown(versions.scheduled) if versions.scheduled else None,
            "edits": has_right(viewer.person, viewer.pack, EDIT),
            "back_to": versions.before if has_right(viewer.person, viewer.pack, PUBLISH) else None,
            "to_correct": [
                _to_correct(returned_rule, viewer)
                for returned_rule in returned
                if returned_rule.returned or returned_rule.corrected
            ],
            "days": DAYS,
            "history": catalogue_view.history(actions[:HISTORY], viewer, now),
        }
        return PAGES.render("catalogue.html", values)

    @router.get("/desk/catalogue/returns")
    async def returned(by: By, version: Version, rule: Version, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        cases = await catalogues.came_back(viewer.person, version, rule, DAYS)
        now = catalogues.clock()
        address = {"version": version, "rule": rule}
        here = viewer.to("/desk/catalogue/returns", **address)
        rows = [
            {
                "href": viewer.case_href(case.number, back=here),
                "title": case.title or case.number,
                "number": case.number,
                "what": viewer.say("退单", "returned") if case.returned else viewer.say("派单员更正", "corrected"),
                "reason": case.reason,
                "unit": viewer.unit_name(case.unit),
                "status": case.status,
                "at": when(case.at, viewer, now),
            }
            for case in cases
        ]
        values = viewer.page("/desk/catalogue/returns", **address) | {"rows": rows, "days": DAYS, **address}
        return PAGES.render("catalogue_returns.html", values)

    _drafting(router, desk, catalogues, By)
    return router


def _drafting(router: APIRouter, desk: CaseHandler, catalogues: CatalogueDesk, By: Any) -> None:  # noqa: N803 (a type)
    @router.get("/desk/catalogue/new")
    async def ask(
        by: By,
        base: Annotated[str, Query(alias="from", max_length=64)] = "",
        case: Annotated[str, Query(max_length=LONGEST)] = "",
        lang: InLanguage = "zh",
    ) -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        catalogue_pack(viewer.person, desk.packs, EDIT)
        base = base or (await catalogues.list(viewer.person)).in_force
        content, note = (await catalogues.show(viewer.person, base)).content, ""
        if case:
            waiting = await case_of(desk, read_number(case), viewer.person)
            content = draft_view.with_rule_for(waiting, content, viewer)
            note = viewer.say(f"按诉求 {waiting.demand.number} 增加规则", f"a rule for {waiting.demand.number}")
        return _form(viewer, content, note)

    @router.post("/desk/catalogue/new")
    async def draft(
        by: By,
        content: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
        lang: InLanguage = "zh",
    ) -> Response:
        viewer = Viewer.of(by, desk, lang)
        catalogue_pack(viewer.person, desk.packs, EDIT)
        content = content.replace("\r\n", "\n")
        try:
            draft = validated(DraftCatalogue, {"content": content, "note": note.strip()})
            findings = await catalogues.findings(viewer.person, content)
            wrong = [finding for finding in findings if finding.severity == "error"]
            if wrong:
                return _form(viewer, content, note, [draft_view.wrong(finding, content, viewer) for finding in wrong])
            summary = await catalogues.draft(viewer.person, draft)
            await catalogues.check(viewer.person, summary.version)
        except Refused as refused:
            return _form(viewer, content, note, draft_view.refused(refused, content, viewer))
        return RedirectResponse(viewer.to(f"/desk/catalogue/{summary.version}", done="drafted"), 303)


def _form(viewer: Viewer, content: str, note: str, wrong: list[dict[str, Any]] | None = None) -> HTMLResponse:
    values = viewer.page("/desk/catalogue/new") | {
        "content": content,
        "note": note,
        "wrong": wrong or [],
        "rows": min(max(content.count("\n") + 2, 12), 40),
        "codes": draft_view.codes(viewer),
    }
    return PAGES.render("catalogue_draft.html", values, 422 if wrong else 200)


def _to_correct(returned_rule: RuleToCorrect, viewer: Viewer) -> dict[str, Any]:
    share = (
        round((returned_rule.returned + returned_rule.corrected) * 100 / returned_rule.routed)
        if returned_rule.routed
        else 0
    )
    href = viewer.to("/desk/catalogue/returns", version=returned_rule.version, rule=returned_rule.rule)
    return {**returned_rule.model_dump(), "share": share, "href": href}
