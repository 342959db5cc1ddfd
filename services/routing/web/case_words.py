"""Words for the reasons of routing: why a case is with its unit, and why no rule decided."""

from typing import Final

from services.routing.web.viewer import Viewer
from shared.jurisdiction.catalogue import Unclear

_DECIDED: Final = {
    "reopened": ("重办，派回原单位", "reopened, back to the unit that answered"),
    "reopened-too-often": ("多次重办，转统筹单位", "reopened too often, to the coordinator"),
    "bounced": ("多次退单，转统筹单位", "returned too often, to the coordinator"),
    "suggested-on-return": ("按退单单位的建议", "as the unit that returned it suggested"),
}
_BY_PERSON: Final = {
    "dispatcher": ("派单员 {name} 派单", "dispatched by {name}"),
    "transfer": ("{name} 转办", "transferred by {name}"),
    "moved-up": ("{name} 提级", "moved up by {name}"),
    "unmerged": ("{name} 取消并单", "set free again by {name}"),
}
_UNDECIDED: Final = {
    Unclear.UNKNOWN_PLACE: ("地点不在目录中", "the place is not known"),
    Unclear.PLACE_TOO_WIDE: ("地点不够具体", "the place is too wide"),
    Unclear.NO_CATEGORY: ("没有选择类别", "it has no category"),
    Unclear.UNKNOWN_CATEGORY: ("类别不在目录中", "the category is not known"),
    Unclear.NO_RULE: ("目录中没有对应的规则", "no rule fits"),
}
_REASONS: Final = {
    "place known only by a point": ("只有坐标，没有村（社区）", "only a point is known"),
    "place known only by an address": ("只有地址，没有村（社区）", "only an address is known"),
    "returned without a suggestion": ("退单时没有建议单位", "returned without a suggestion"),
}


def rule_words(rule: str, viewer: Viewer) -> str:
    """Why a case is with its unit; a rule of the catalogue is named by its category."""
    if rule in _DECIDED:
        return viewer.say(*_DECIDED[rule])
    kind, _, name = rule.partition(":")
    if kind in _BY_PERSON:
        zh, en = _BY_PERSON[kind]
        return viewer.say(zh.format(name=name), en.format(name=name))
    if "@" in kind:
        rule_of_pack = next((rule for rule in viewer.pack.rules if rule.id == name), None)
        category = rule_of_pack.match.category if rule_of_pack else None
        words = viewer.category_name(category) if category else name
        return viewer.say(f"派单目录：{words}", f"the catalogue: {words}")
    return rule


def triage_words(reason: str, viewer: Viewer) -> str:
    """Why no rule decided; a text that a person wrote is shown unchanged."""
    if reason in _REASONS:
        return viewer.say(*_REASONS[reason])
    code = reason.removeprefix("no rule decided: ")
    words_of = {unclear.value: words for unclear, words in _UNDECIDED.items()}
    return viewer.say(*words_of[code]) if code in words_of else reason


def preset_words(source: str, viewer: Viewer) -> str:
    """The source of a limit in words."""
    preset = viewer.pack.limits.get(source)
    if preset is not None:
        return str(getattr(preset.name, viewer.lang))
    return viewer.say("派单员", "the dispatcher") if source == "dispatcher" else source
