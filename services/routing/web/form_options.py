"""Gives the fields of a command's form and the choices of each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.routing.cases.decisions.timing import may_pause_for
from services.routing.web.viewer import Viewer
from services.routing.web.words import EVIDENCE_KINDS
from shared.contracts.demand.facts import Urgency
from shared.contracts.demand.state import Demand
from shared.jurisdiction.handling import PauseReason
from shared.jurisdiction.parts import UnitKind
from shared.web.words import WITHDRAWN_FOR

Options = Callable[[Viewer, Demand], Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Input:
    """One field of a form; `kind` is text, textarea, number, lines, select, files or yes (a checkbox that means
    true)."""

    name: str
    kind: str
    zh: str
    en: str
    required: bool = True
    hint: tuple[str, str] = ("", "")
    options: Options | None = None


def units(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The units to choose from: first those above, then departments, towns, and the stations of the same town."""
    pack = viewer.pack
    above = pack.units_above(demand.unit or pack.coordinator)
    town = above[0] if above else ""
    nearby = [u for u in pack.units if u.kind is UnitKind.STATION and town in pack.units_above(u.id)]
    wide = [u for u in pack.units if u.kind is not UnitKind.STATION]
    names = {unit.id: unit.name for unit in (*wide, *nearby)}
    first = {unit: names[unit] for unit in above if unit in names}
    return [("", viewer.say("请选择", "Choose")), *(first | names).items()]


def helpers(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The units that assist now."""
    return [("", viewer.say("请选择", "Choose")), *((unit, viewer.unit_name(unit)) for unit in demand.assisting)]


def pauses(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The reasons for which this person may pause the clock, each with its longest pause."""
    reasons = viewer.pack.handling.pause.reasons
    return [
        (reason.code, _pause(reason, viewer))
        for reason in reasons
        if may_pause_for(reason, viewer.person, demand, viewer.pack)
    ]


def _pause(reason: PauseReason, viewer: Viewer) -> str:
    name, days = str(getattr(reason.name, viewer.lang)), reason.max_days
    return name + viewer.say(f"（最多{days}天）", f" (at most {days} days)") if days else name


def levels(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The lists of the jurisdiction."""
    return [(level.level, str(getattr(level.name, viewer.lang))) for level in viewer.pack.list_levels]


def categories(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The other categories."""
    choices = [(code, name) for code, name in leaf_categories(viewer) if code != demand.category]
    return [("", viewer.say("请选择", "Choose")), *choices]


def urgencies(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The degrees of urgency."""
    words = {
        Urgency.ORDINARY: ("一般", "ordinary"),
        Urgency.URGENT: ("紧急", "urgent"),
        Urgency.CRITICAL: ("特急", "critical"),
    }
    return [(urgency, viewer.say(*pair)) for urgency, pair in words.items()]


def evidence_kinds(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The kinds of evidence."""
    return [(kind, viewer.say(*words)) for kind, words in EVIDENCE_KINDS.items()]


def grounds(viewer: Viewer, demand: Demand) -> list[tuple[str, str]]:
    """The public grounds for withdrawing a publication."""
    return [(ground, viewer.say(*words)) for ground, words in WITHDRAWN_FOR.items()]


def leaf_categories(viewer: Viewer) -> list[tuple[str, str]]:
    """The categories that a demand may have."""
    return [(leaf.code, str(getattr(leaf.name, viewer.lang))) for leaf in viewer.pack.leaf_categories]


def categories_or_all(viewer: Viewer) -> list[tuple[str, str]]:
    """The categories by which a list may be filtered."""
    return [("", viewer.say("全部", "All")), *leaf_categories(viewer)]
