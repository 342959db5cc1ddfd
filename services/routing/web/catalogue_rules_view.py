"""Describes the rules of a version in words, and the differences between two versions."""

from collections.abc import Mapping
from typing import Any, Final

from services.routing.catalogue.differences import RuleChange, RuleDifference, differences
from services.routing.catalogue.reading import read_sheet
from services.routing.web.case_words import preset_words
from services.routing.web.catalogue_words import match_words, sent_words
from services.routing.web.viewer import Viewer
from shared.contracts.refusals import Refused
from shared.jurisdiction.parts import Rule

_CHANGES: Final[Mapping[RuleChange, tuple[str, str]]] = {
    RuleChange.ADDED: ("新增", "Added"),
    RuleChange.REMOVED: ("删除", "Removed"),
    RuleChange.CHANGED: ("修改", "Changed"),
    RuleChange.MOVED: ("换位", "Moved"),
}


def rules_of(content: str) -> tuple[Rule, ...]:
    """The rules of a version; empty if an earlier release stored them in a form that can no longer be read."""
    try:
        return read_sheet(content).part.rules
    except Refused:
        return ()


def usual_limits(content: str) -> str | None:
    """The preset of limits for rules that name none."""
    try:
        return read_sheet(content).part.limits
    except Refused:
        return None


def rules(content: str, viewer: Viewer) -> list[dict[str, str]]:
    """All rules in words."""
    return [
        {"id": rule.id, "match": match_words(rule.match, viewer), "sent": sent_words(rule, viewer)}
        for rule in rules_of(content)
    ]


def changes(before: str, after: str, viewer: Viewer) -> list[dict[str, Any]]:
    """The differences between two versions, rule by rule, in words."""
    changed_rules = differences(rules_of(before), rules_of(after))
    return [
        {"id": difference.rule, "change": viewer.say(*_CHANGES[difference.change]), "lines": _lines(difference, viewer)}
        for difference in changed_rules
    ]


def limits_changed(before: str, after: str, viewer: Viewer) -> str:
    """A sentence if the default limits of two versions differ; empty otherwise."""
    old, new = usual_limits(before), usual_limits(after)
    if old == new:
        return ""
    return viewer.say("常规时限：", "Usual limits: ") + viewer.say(" → 改为 ", " → now ").join(
        preset_words(preset, viewer) if preset else "—" for preset in (old, new)
    )


def _lines(difference: RuleDifference, viewer: Viewer) -> list[str]:
    if difference.before and difference.after and difference.change is RuleChange.CHANGED:
        pairs = (
            (
                viewer.say("条件", "Asks"),
                match_words(difference.before.match, viewer),
                match_words(difference.after.match, viewer),
            ),
            (
                viewer.say("派给", "Goes to"),
                sent_words(difference.before, viewer),
                sent_words(difference.after, viewer),
            ),
        )
        arrow = viewer.say(" → 改为 ", " → now ")
        return [f"{label}{viewer.say('：', ': ')}{old}{arrow}{new}" for label, old, new in pairs if old != new]
    rule = difference.after or difference.before
    lines = [f"{match_words(rule.match, viewer)} → {sent_words(rule, viewer)}"] if rule else []
    if difference.change in (RuleChange.ADDED, RuleChange.MOVED):
        place = (
            viewer.say(f"排在 {difference.above} 之后", f"stands after {difference.above}")
            if difference.above
            else viewer.say("排在最前", "stands first")
        )
        lines.append(place)
    return lines
