"""The page that explains why a case is with its unit: the rule that decided, and why each other rule did not."""

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
from shared.web.way_back import Back

Number = Annotated[str, Path(max_length=LONGEST)]


def routes(desk: CaseHandler, explainer: Explainer, gate: Gate) -> APIRouter:
    """The route, for persons who may read the case."""
    router = desk_router()
    By = Annotated[SignedIn, Depends(gate.signed_in)]  # noqa: N806 (a type)

    @router.get("/desk/cases/{number}/why")
    async def why(number: Number, by: By, back: Back = "", lang: InLanguage = "zh") -> HTMLResponse:
        viewer = Viewer.of(by, desk, lang)
        explanation = await explainer.explain(viewer.person, read_number(number))
        reads = explanation.version and has_right(viewer.person, viewer.pack, READ)
        values: dict[str, Any] = viewer.page(f"/desk/cases/{explanation.number}/why", back=back) | {
            "number": explanation.number,
            "back": viewer.case_href(explanation.number, back=back),
            "decided": when(explanation.decided_at, viewer, desk.clock()),
            "version": explanation.version,
            "version_href": address(viewer, explanation.version) if explanation.version and reads else "",
            "rule": explanation.rule,
            "unit": viewer.unit_name(explanation.unit),
            "unclear": unclear_words(explanation.unclear, viewer) if explanation.unclear else "",
            "now_by": rule_words(explanation.now_by, viewer) if explanation.now_by else "",
            "is_still_so": bool(
                explanation.rule and explanation.now_by and explanation.now_by.endswith(f":{explanation.rule}")
            ),
            "near": [_told(outcome, viewer) for outcome in explanation.rules if _is_near(outcome)],
            "others": [_told(outcome, viewer) for outcome in explanation.rules if not _is_near(outcome)],
        }
        return PAGES.render("why.html", values)

    return router


def _is_near(outcome: RuleOutcome) -> bool:
    """Whether a rule is about the matter of the case; most rules are about another category."""
    return outcome.failed is not Condition.CATEGORY


def _told(outcome: RuleOutcome, viewer: Viewer) -> dict[str, Any]:
    return {
        "id": outcome.rule,
        "sent": unit_words(outcome.lead, viewer),
        "decided": outcome.outcome is RuleResult.DECIDED,
        "words": _outcome(outcome, viewer),
    }


def _outcome(outcome: RuleOutcome, viewer: Viewer) -> str:
    match outcome.outcome:
        case RuleResult.DECIDED:
            keyword = (
                viewer.say(f"（关键词“{outcome.keyword}”）", f" (keyword “{outcome.keyword}”)")
                if outcome.keyword
                else ""
            )
            return viewer.say("符合全部条件，由它决定", "all its conditions are met: it decided") + keyword
        case RuleResult.LATER:
            return viewer.say("也符合，但排在后面", "fits as well, but stands further down")
        case RuleResult.FAILED:
            return _failed(outcome.failed, outcome, viewer) if outcome.failed else ""


def _failed(condition: Condition, outcome: RuleOutcome, viewer: Viewer) -> str:
    expected = value_words(condition, outcome.wanted or "", viewer)
    if condition is Condition.KEYWORDS:
        return viewer.say(f"没有出现关键词：{expected}", f"none of its keywords is there: {expected}")
    if condition is Condition.HOURS:
        return viewer.say(f"不在规定时间内：{expected}", f"not within its hours: {expected}")
    if condition is Condition.WORKING_DAY:
        zh = "只用于工作日" if outcome.wanted == "yes" else "只用于休息日"
        return viewer.say(zh, "for working days alone" if outcome.wanted == "yes" else "for days of rest alone")
    actual = value_words(condition, outcome.actual, viewer) if outcome.actual else viewer.say("没有填写", "not given")
    name = condition_words(condition, viewer)
    return viewer.say(
        f"{name}不符：要求“{expected}”，本件“{actual}”", f"{name}: it asks for “{expected}”, this one has “{actual}”"
    )
