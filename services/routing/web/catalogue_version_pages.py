"""The pages of one version of the catalogue: its differences, its rehearsal, and the steps until it is in force."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.routing.cases.handler import CaseHandler
from services.routing.cases.parsing import validated
from services.routing.catalogue.commands import PublishCatalogue, RehearseCatalogue, RollBackCatalogue
from services.routing.catalogue.handler import CatalogueDesk
from services.routing.catalogue.permissions import PUBLISH, catalogue_pack
from services.routing.catalogue.view import CatalogueList, CatalogueVersion
from services.routing.web import catalogue_rules_view, catalogue_view
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.viewer import Viewer
from shared.contracts.refusals import ANSWERS, Code, FieldError, Refused
from shared.identity.gate import Gate, SignedIn
from shared.web.parts import SummaryRow

Version = Annotated[str, Path(max_length=64)]
Reason = Annotated[str, Form()]
DONE: Final[Mapping[str, tuple[str, str]]] = {
    "drafted": ("草稿已保存并检查。下一步：预演。", "The draft is kept and checked. Next: rehearse it."),
    "check": ("已检查。", "Checked."),
    "rehearse": ("预演完成，结果在下面。", "Rehearsed; see the result below."),
    "publish": ("已发布。", "Published."),
    "cancel": ("已取消发布。", "The publication is cancelled."),
    "roll-back": ("已恢复，5 秒后生效。", "Put back into force, in five seconds."),
}


def routes(desk: CaseHandler, catalogues: CatalogueDesk, gate: Gate) -> APIRouter:
    """The routes of one version: everybody with the right to read sees it; its steps need the rights for them."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/catalogue/{version}")
    async def show(
        version: Version, by: By, done: Annotated[str, Query(max_length=20)] = "", lang: InLanguage = "zh"
    ) -> HTMLResponse:
        return await _page(Viewer.of(by, desk, lang), catalogues, version, done=done)

    _steps(router, desk, catalogues, By)
    _publishing(router, desk, catalogues, By)
    _rolling_back(router, desk, catalogues, By)
    return router


def _steps(router: APIRouter, desk: CaseHandler, catalogues: CatalogueDesk, By: Any) -> None:  # noqa: N803 (a type)
    """The routes of buttons that act at once."""

    @router.post("/desk/catalogue/{version}/check")
    async def check(version: Version, by: By, lang: InLanguage = "zh") -> Response:
        viewer = Viewer.of(by, desk, lang)
        await catalogues.check(viewer.person, version)
        return _done(viewer, version, "check")

    @router.post("/desk/catalogue/{version}/rehearse")
    async def rehearse(version: Version, by: By, lang: InLanguage = "zh") -> Response:
        viewer = Viewer.of(by, desk, lang)
        try:
            await catalogues.rehearse(viewer.person, version, RehearseCatalogue(newest=10_000))
        except Refused as refused:
            return await _page(viewer, catalogues, version, refused)
        return _done(viewer, version, "rehearse", "#rehearsal")

    @router.post("/desk/catalogue/{version}/cancel")
    async def cancel(version: Version, by: By, lang: InLanguage = "zh") -> Response:
        viewer = Viewer.of(by, desk, lang)
        try:
            await catalogues.cancel(viewer.person, version)
        except Refused as refused:
            return await _page(viewer, catalogues, version, refused)
        return _done(viewer, version, "cancel")


def _publishing(router: APIRouter, desk: CaseHandler, catalogues: CatalogueDesk, By: Any) -> None:  # noqa: N803
    @router.get("/desk/catalogue/{version}/publish")
    async def ask(version: Version, by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        catalogue_pack(viewer.person, desk.packs, PUBLISH)
        return await _form(viewer, catalogues, version, "publish", {})

    @router.post("/desk/catalogue/{version}/publish")
    async def publish(
        version: Version,
        by: By,
        when: Annotated[str, Form(max_length=10)] = "now",
        at: Annotated[str, Form(max_length=40)] = "",
        reason: Reason = "",
        lang: InLanguage = "zh",
    ) -> Response:
        viewer = Viewer.of(by, desk, lang)
        try:
            moment = _moment(at, viewer.zone) if when == "later" else None
            command = validated(PublishCatalogue, {"at": moment, "reason": reason.strip()})
            await catalogues.publish(viewer.person, version, command)
        except Refused as refused:
            typed = {"when": when, "at": at, "reason": reason}
            return await _form(viewer, catalogues, version, "publish", typed, refused)
        return _done(viewer, version, "publish")


def _rolling_back(router: APIRouter, desk: CaseHandler, catalogues: CatalogueDesk, By: Any) -> None:  # noqa: N803
    @router.get("/desk/catalogue/{version}/roll-back")
    async def ask(version: Version, by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        catalogue_pack(viewer.person, desk.packs, PUBLISH)
        return await _form(viewer, catalogues, version, "roll-back", {})

    @router.post("/desk/catalogue/{version}/roll-back")
    async def roll_back(version: Version, by: By, reason: Reason = "", lang: InLanguage = "zh") -> Response:
        viewer = Viewer.of(by, desk, lang)
        try:
            command = validated(RollBackCatalogue, {"version": version, "reason": reason.strip()})
            await catalogues.roll_back(viewer.person, command)
        except Refused as refused:
            return await _form(viewer, catalogues, version, "roll-back", {"reason": reason}, refused)
        return _done(viewer, version, "roll-back")


def _moment(text: str, zone: ZoneInfo) -> str:
    """A local time as browsers send it; raises `Refused`."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).isoformat()
    except ValueError:
        zh, en = "请填写生效时间，如 2026-12-01 08:00", "say the time, such as 2026-12-01 08:00"
        raise Refused(Code.INVALID, f"at: {en}", zh, (FieldError("at", zh, en),)) from None


def _done(viewer: Viewer, version: str, step: str, part: str = "") -> RedirectResponse:
    return RedirectResponse(viewer.to(f"/desk/catalogue/{version}", done=step) + part, 303)


async def _page(
    viewer: Viewer, catalogues: CatalogueDesk, version: str, refused: Refused | None = None, done: str = ""
) -> HTMLResponse:
    versions = await catalogues.list(viewer.person)
    catalogue = await catalogues.show(viewer.person, version)
    current = await catalogues.show(viewer.person, versions.in_force)
    now = catalogues.clock()
    is_current = version == versions.in_force
    findings = (
        None
        if catalogue.findings is None
        else [catalogue_view.finding(finding, viewer) for finding in catalogue.findings]
    )
    values = viewer.page(f"/desk/catalogue/{version}") | {
        "row": catalogue_view.summary(catalogue, viewer, now),
        "commands": catalogue_view.commands(catalogue, versions, viewer),
        "changes": None if is_current else catalogue_rules_view.changes(current.content, catalogue.content, viewer),
        "limits": "" if is_current else catalogue_rules_view.limits_changed(current.content, catalogue.content, viewer),
        "findings": findings,
        "rehearsal": catalogue_view.rehearsal(catalogue.rehearsal, viewer, now) if catalogue.rehearsal else None,
        "stale": _stale(catalogue, versions, viewer),
        "rules": catalogue_rules_view.rules(catalogue.content, viewer),
        "history": catalogue_view.history(catalogue.actions, viewer, now, named=False),
        "done": viewer.say(*DONE[done]) if done in DONE else "",
        "refusal": viewer.say(refused.zh, refused.en) if refused else "",
    }
    return PAGES.render("catalogue_version.html", values, ANSWERS[refused.code].status if refused else 200)


def _stale(catalogue: CatalogueVersion, versions: CatalogueList, viewer: Viewer) -> str:
    """A sentence if a rehearsal compared with a version that is no longer in force; for the version in force itself
    this is normal."""
    if catalogue.rehearsed_on in (None, versions.in_force) or catalogue.version == versions.in_force:
        return ""
    return viewer.say(
        f"这次预演是与版本 {catalogue.rehearsed_on} 比的，它已不是现行版本；发布前请重新预演。",
        f"This compared with {catalogue.rehearsed_on}, which is no longer in force: rehearse again before publishing.",
    )


async def _form(
    viewer: Viewer,
    catalogues: CatalogueDesk,
    version: str,
    step: str,
    typed: Mapping[str, str],
    refused: Refused | None = None,
) -> HTMLResponse:
    catalogue = await catalogues.show(viewer.person, version)
    versions = await catalogues.list(viewer.person)
    publishes = step == "publish"
    errors = viewer.errors_of(refused)
    facts = [SummaryRow(viewer.say("现行版本", "In force now"), versions.in_force)]
    if versions.scheduled and versions.scheduled != version:
        words = viewer.say(
            f"{versions.scheduled} 的发布会被取消", f"the publication of {versions.scheduled} is cancelled"
        )
        facts.append(SummaryRow(viewer.say("待生效版本", "Scheduled"), words))
    if publishes and catalogue.rehearsal:
        rehearsal = catalogue_view.rehearsal(catalogue.rehearsal, viewer, catalogues.clock())
        facts.append(SummaryRow(viewer.say("预演结果", "Rehearsal"), rehearsal["words"] + rehearsal["late_words"]))
    title = (
        viewer.say("发布版本 ", "Publish ") if publishes else viewer.say("恢复为现行版本：", "Put back into force: ")
    )
    values = viewer.page(f"/desk/catalogue/{version}/{step}") | {
        "title": title + version,
        "version": version,
        "publishes": publishes,
        "facts": facts,
        "typed": {"when": "now", "at": "", "reason": ""} | dict(typed),
        "zone": viewer.say(f"当地时间（{viewer.pack.timezone}）", f"local time ({viewer.pack.timezone})"),
        "errors": errors,
        "refusal": viewer.say(refused.zh, refused.en) if refused and not errors else "",
        "action": catalogue_view.address(viewer, version, step),
        "back": catalogue_view.address(viewer, version),
    }
    return PAGES.render("catalogue_publish.html", values, ANSWERS[refused.code].status if refused else 200)
