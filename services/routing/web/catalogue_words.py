"""Words for versions of the catalogue, their rules and conditions, in both languages."""

from collections.abc import Mapping
from typing import Final

from services.routing.catalogue.domain import Action, State
from services.routing.web.viewer import Viewer
from services.routing.web.words import KINDS
from shared.contracts.demand.facts import ChannelKind
from shared.jurisdiction.catalogue import Unclear
from shared.jurisdiction.conditions import Condition, asks, condition_text
from shared.jurisdiction.parts import STATION, TOWN, Match, Rule

STATES: Final[Mapping[State, tuple[str, str, str]]] = {
    State.DRAFT: ("草稿", "draft", "new"),
    State.CHECKED: ("已检查，待预演", "checked, to be rehearsed", "new"),
    State.REHEARSED: ("已预演，可发布", "rehearsed, may be published", "working"),
    State.SCHEDULED: ("待生效", "scheduled", "working"),
    State.PUBLISHED: ("现行", "in force", "done"),
    State.SUPERSEDED: ("曾用", "superseded", "ended"),
    State.ROLLED_BACK: ("已回滚", "rolled back", "ended"),
}
"""The words of each state in both languages, and the tone of its tag."""

ACTIONS: Final[Mapping[Action, tuple[str, str]]] = {
    Action.DRAFTED: ("起草", "drafted"),
    Action.CHECKED: ("检查", "checked"),
    Action.REHEARSED: ("预演", "rehearsed"),
    Action.PUBLISHED: ("发布", "published"),
    Action.ROLLED_BACK_TO: ("恢复到此版本", "put back into force"),
    Action.CANCELLED: ("取消发布", "cancelled"),
}

CONDITIONS: Final[Mapping[Condition, tuple[str, str]]] = {
    Condition.CATEGORY: ("类别", "category"),
    Condition.DIVISION: ("地点", "place"),
    Condition.KIND: ("类型", "kind"),
    Condition.CHANNEL: ("渠道", "channel"),
    Condition.VULNERABLE: ("重点对象", "needs protection"),
    Condition.WORKING_DAY: ("工作日", "working day"),
    Condition.HOURS: ("时间", "time of day"),
    Condition.KEYWORDS: ("关键词", "keywords"),
}

CHANNELS: Final[Mapping[str, tuple[str, str]]] = {
    ChannelKind.WEB: ("网站", "website"),
    ChannelKind.WECHAT: ("微信", "WeChat"),
    ChannelKind.HOTLINE: ("热线", "hotline"),
    ChannelKind.SMS: ("短信", "text message"),
    ChannelKind.BROADCAST: ("直播节目", "live programme"),
    ChannelKind.FIELD_VISIT: ("驻点走访", "field visit"),
    ChannelKind.EMAIL: ("电子邮件", "e-mail"),
    ChannelKind.PARTNER: ("合作平台", "partner platform"),
}

_STAND_INS: Final = {
    STATION: ("所在村（社区）的驻点", "the station of the village"),
    TOWN: ("所在镇街", "the town"),
    "triage": ("派单员", "the dispatcher"),
}

_UNCLEAR: Final[Mapping[str, tuple[str, str]]] = {
    Unclear.UNKNOWN_PLACE: ("地点不在目录中", "its place is not known"),
    Unclear.PLACE_TOO_WIDE: (
        "地点不够具体，找不到规则所指的单位",
        "its place is too wide",
    ),
    Unclear.NO_CATEGORY: ("没有选择类别", "it has no category"),
    Unclear.UNKNOWN_CATEGORY: ("类别不在目录中", "its category is not known"),
    Unclear.NO_RULE: ("没有一条规则适用", "no rule fits it"),
    "placed-by-point": ("只有坐标，没有村（社区）", "only a point is known of its place"),
    "placed-by-address": ("只有地址，没有村（社区）", "only an address is known of its place"),
}


def unit_words(unit: str, viewer: Viewer) -> str:
    """A unit as a rule names it: by its id, or by its role at the place of the demand."""
    return viewer.say(*_STAND_INS[unit]) if unit in _STAND_INS else viewer.unit_name(unit)


def unclear_words(unclear: str, viewer: Viewer) -> str:
    """Why no rule decided."""
    return viewer.say(*_UNCLEAR[unclear]) if unclear in _UNCLEAR else unclear


def condition_words(condition: Condition, viewer: Viewer) -> str:
    """The name of a condition."""
    return viewer.say(*CONDITIONS[condition])


def value_words(condition: Condition, value: str, viewer: Viewer) -> str:
    """The value of a condition or of a demand (as `shared.jurisdiction.conditions.shown` writes it)."""
    match condition:
        case Condition.CATEGORY:
            return viewer.category_name(value)
        case Condition.DIVISION:
            return viewer.place_name(value)
        case Condition.KIND:
            return viewer.say(*KINDS[value])
        case Condition.CHANNEL:
            return viewer.say(*CHANNELS[value])
        case Condition.VULNERABLE | Condition.WORKING_DAY:
            return viewer.say("是", "yes") if value == "yes" else viewer.say("否", "no")
        case Condition.HOURS | Condition.KEYWORDS:
            return value.replace(", ", "、") if viewer.lang == "zh" else value


def match_words(match: Match, viewer: Viewer) -> str:
    """All conditions of a rule."""
    parts = []
    for condition in asks(match):
        words = value_words(condition, condition_text(condition, match) or "", viewer)
        parts.append(f"{condition_words(condition, viewer)}{viewer.say('：', ': ')}{words}")
    return viewer.say("；", "; ").join(parts) or viewer.say("任何诉求", "any demand")


def sent_words(rule: Rule, viewer: Viewer) -> str:
    """The units to which a rule routes a demand."""
    words = unit_words(rule.lead, viewer)
    if rule.assisting:
        helpers = viewer.say("、", ", ").join(unit_words(unit, viewer) for unit in rule.assisting)
        words += viewer.say(f"，协办：{helpers}", f", with {helpers}")
    if rule.limits:
        preset = viewer.pack.limits.get(rule.limits)
        name = str(getattr(preset.name, viewer.lang)) if preset else rule.limits
        words += viewer.say(f"，时限：{name}", f", limits: {name}")
    return words
