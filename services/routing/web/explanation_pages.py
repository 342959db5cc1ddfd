"""Why a case is where it is: the rule that decided, and why each other rule did not, in words."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import HTMLResponse

from services.routing.cases.handler import CaseHandler
from services.routing.catalogue.explanation_api import Explainer
from services.routing.catalogue.permissions import READ, has_right
from services.routing.web.case_words import rule_words
from services.routing.web.catalogue_view import address
from services.routing.web.catalogue_words import condition_words, unclear_words, unit_words, value_words
from services.routing.web.desk_page import PAGES, InLanguage, desk_router
from services.routing.web.showing import when
from services.routing.web.viewer import Viewer
from shared.contracts.numbers import LONGEST, read_number
from shared.identity.gate import Gate, SignedIn
from shared.jurisdiction.conditions import Condition
from shared.jurisdiction.explanation import RuleOutcome, RuleResult

Number = Annotated[str, Path(max_length=LONGEST)]


def routes(desk: CaseHandler, explainer: Explainer, gate: Gate) -> APIRouter:
    """For whoever may see the case."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/cases/{number}/why")
    async def why(number: Number, by: By, lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        found = await explainer.explain(viewer.person, read_number(number))
        path = f"/desk/cases/{found.number}"
        reads = found.version and has_right(viewer.person, viewer.pack, READ)
        values: dict[str, Any] = viewer.page(f"{path}/why") | {
            "number": found.number,
            "back": viewer.to(path),
            "decided": when(found.decided_at, viewer, desk.clock()),
            "version": found.version,
            "version_href": address(viewer, found.version) if found.version and reads else "",
            "rule": found.rule,
            "unit": viewer.unit_name(found.unit),
            "unclear": unclear_words(found.unclear, viewer) if found.unclear else "",
            "now_by": rule_words(found.now_by, viewer) if found.now_by else "",
            "is_still_so": bool(found.rule and found.now_by and found.now_by.endswith(f":{found.rule}")),
            "near": [_told(one, viewer) for one in found.rules if _is_near(one)],
            "others": [_told(one, viewer) for one in found.rules if not _is_near(one)],
        }
        return PAGES.render("why.html", values)

    return router


def _is_near(one: RuleOutcome) -> bool:
    """Whether a rule is about the matter at all: most are about another category."""
    return one.failed is not Condition.CATEGORY


def _told(one: RuleOutcome, viewer: Viewer) -> dict[str, Any]:
    return {
        "id": one.rule,
        "sent": unit_words(one.lead, viewer),
        "decided": one.outcome is RuleResult.DECIDED,
        "words": _outcome(one, viewer),
    }


def _outcome(one: RuleOutcome, viewer: Viewer) -> str:
    match one.outcome:
        case RuleResult.DECIDED:
            keyword = viewer.say(f"（关键词“{one.keyword}”）", f" (keyword “{one.keyword}”)") if one.keyword else ""
            return viewer.say("符合全部条件，由它决定", "all its conditions are met: it decided") + keyword
        case RuleResult.LATER:
            return viewer.say("也符合，但排在后面", "fits as well, but stands further down")
        case RuleResult.FAILED:
            return _failed(one.failed, one, viewer) if one.failed else ""


def _failed(condition: Condition, one: RuleOutcome, viewer: Viewer) -> str:
    wanted = value_words(condition, one.wanted or "", viewer)
    if condition is Condition.KEYWORDS:
        return viewer.say(f"没有出现关键词：{wanted}", f"none of its keywords is there: {wanted}")
    if condition is Condition.HOURS:
        return viewer.say(f"不在规定时间内：{wanted}", f"not within its hours: {wanted}")
    if condition is Condition.WORKING_DAY:
        zh = "只用于工作日" if one.wanted == "yes" else "只用于休息日"
        return viewer.say(zh, "for working days alone" if one.wanted == "yes" else "for days of rest alone")
    actual = value_words(condition, one.actual, viewer) if one.actual else viewer.say("没有填写", "not given")
    name = condition_words(condition, viewer)
    return viewer.say(
        f"{name}不符：要求“{wanted}”，本件“{actual}”", f"{name}: it asks for “{wanted}”, this one has “{actual}”"
    )
