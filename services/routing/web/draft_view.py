"""Makes the values of the form for a new draft: errors by line, a rule made from a case, and the codes that rules may
use."""

from typing import Any, Final

from services.routing.cases.reading import Case
from services.routing.catalogue.packs_in_force import one_line
from services.routing.catalogue.view import CatalogueFinding
from services.routing.web.catalogue_rules_view import rules_of
from services.routing.web.catalogue_view import numbered
from services.routing.web.viewer import Viewer
from shared.contracts.refusals import Refused
from shared.jurisdiction.parts import UnitKind

_ON_LINE: Final = "content:"


def wrong(finding: CatalogueFinding, content: str, viewer: Viewer) -> dict[str, Any]:
    """A finding of a check, with its line."""
    return _shown(finding.line, viewer.say(finding.message_zh or finding.message, finding.message), content, viewer)


def refused(refusal: Refused, content: str, viewer: Viewer) -> list[dict[str, Any]]:
    """The errors of a refusal, by line or for the whole text."""
    mistakes = []
    for error in refusal.errors:
        if error.field.startswith(_ON_LINE):
            line = int(error.field.removeprefix(_ON_LINE))
            words = viewer.say(error.zh.partition("：")[2] or error.zh, error.en)
            mistakes.append(_shown(line, words, content, viewer))
        else:
            field = "note" if error.field == "note" else "content"
            label = viewer.say("说明", "Note") if field == "note" else viewer.say("规则", "Rules")
            words = f"{label}{viewer.say('：', ': ')}{viewer.say(error.zh, error.en)}"
            mistakes.append({"field": field, "line": None, "words": words, "text": ""})
    whole = {"field": "content", "line": None, "words": viewer.say(refusal.zh, refusal.en), "text": ""}
    return mistakes or [whole]


def _shown(line: int, words: str, content: str, viewer: Viewer) -> dict[str, Any]:
    where = viewer.say(f"第 {line} 行：", f"line {line}: ")
    return {"field": "content", "line": line, "words": where + words, "text": numbered(content, line)}


def with_rule_for(case: Case, content: str, viewer: Viewer) -> str:
    """The rules with a new one for this case at the beginning: its category, its place, and the suggested unit."""
    demand = case.demand
    triaged = [entry for entry in case.timeline if entry.type == "demand.triaged"]
    suggested = triaged[-1].data.get("suggestions") if triaged else None
    unit = str(suggested[0]) if isinstance(suggested, list) and suggested else demand.unit or viewer.pack.coordinator
    match: dict[str, Any] = {"category": demand.category} if demand.category else {"keywords": [demand.title]}
    match["division"] = demand.division
    rule = {"id": _free_id(content, demand.category or "new"), "match": match, "lead": unit}
    remark = viewer.say(
        f"按诉求 {demand.number} 增加，请核对条件和单位", f"for {demand.number}: see to its conditions and its unit"
    )
    head, separator, rest = content.partition("rules:\n")
    indent = rest[: len(rest) - len(rest.lstrip(" "))] if separator else ""
    return f"{head}rules:\n{indent}# {remark}\n{indent}- {one_line(rule)}\n{rest}" if separator else content


def _free_id(content: str, name: str) -> str:
    """A new id that no rule has."""
    taken = {rule.id for rule in rules_of(content)}
    return next(id for n in range(1, len(taken) + 3) if (id := f"{name}-{n}") not in taken)


def codes(viewer: Viewer) -> list[dict[str, Any]]:
    """The codes that rules may use, each with its name: categories, units, places and presets."""
    pack = viewer.pack
    units = [(unit.id, unit.name) for unit in pack.units if unit.kind is not UnitKind.STATION]
    stand_ins = [
        ("station", viewer.say("所在村（社区）的驻点", "the station of the village")),
        ("town", viewer.say("所在镇街", "the town")),
    ]
    places = [
        (place.code, viewer.place_name(place.code)) for place in pack.divisions if place.level != pack.stationed_level
    ]
    limits = [(code, str(getattr(one.name, viewer.lang))) for code, one in pack.limits.items()]
    return [
        {
            "title": viewer.say("类别代码", "Categories"),
            "codes": [(one.code, viewer.category_name(one.code)) for one in pack.categories],
        },
        {"title": viewer.say("单位代码", "Units"), "codes": [*stand_ins, *units]},
        {"title": viewer.say("地点代码", "Places"), "codes": places},
        {"title": viewer.say("时限代码", "Limits"), "codes": limits},
    ]
